"""The HTTP server's settings; each is read from the environment variable of the same name in capitals."""

from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from voices.origins import LOOPBACK

MEGABYTE = 1_000_000

Port = Annotated[int, Field(ge=0, le=65_535)]


def _split(value: object) -> object:
    """Split a comma-separated list."""
    return (
        tuple(each.strip() for each in value.split(",") if each.strip()) if isinstance(value, str) else value
    )


class ServerSettings(BaseSettings):
    """The server's settings; raises ``pydantic.ValidationError`` for an invalid value."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, use_attribute_docstrings=True)

    listen_host: str = "127.0.0.1"
    """Address to listen on; the default accepts this machine only. The image sets 0.0.0.0."""
    port: Port = 8000
    """Port to listen on; 0 takes a free one."""
    port_health: Port | None = None
    """Port on which RunPod's load balancer asks for ``/ping``; default: ``port``."""
    api_key: SecretStr | None = None
    """Key that clients must send, except for ``/``, ``/ping`` and ``/openapi.json``. Without one, no key is
    asked."""
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = ()
    """Web sites whose pages may use this server, such as https://app.example.com; * for all."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = ()
    """Host names that clients may use for this server, in addition to addresses and localhost; * for all.
    Default: none for a server without ``api_key`` that listens on this machine only, else all."""
    voice_uploads: bool = False
    """Whether POST /voices, and PATCH and DELETE of a voice, may change the registry."""

    max_body_mb: Annotated[float, Field(gt=0)] = 1.0
    """Upper bound for a request's body or a WebSocket message."""
    max_upload_mb: Annotated[float, Field(gt=0)] = 30.0
    """Upper bound for an uploaded clip; RunPod's load balancer takes no more than 30."""
    body_timeout_s: Annotated[float, Field(gt=0)] = 30.0
    """Timeout for a request's body to arrive."""
    header_timeout_s: Annotated[float, Field(gt=0)] = 10.0
    """Timeout for a request's headers to arrive."""
    max_sockets: Annotated[int, Field(ge=1)] = 1000
    """Upper bound for WebSockets open at once."""
    max_waiting_characters: Annotated[int, Field(ge=1)] = 10_000_000
    """Upper bound for the characters of all texts that wait on WebSockets and in calls."""

    @property
    def is_open_to_all(self) -> bool:
        """Whether other machines may use the server without a key."""
        return self.api_key is None and self.listen_host not in LOOPBACK

    @property
    def is_for_this_machine(self) -> bool:
        """Whether the server accepts this machine only and asks for no key."""
        return self.api_key is None and self.listen_host in LOOPBACK
