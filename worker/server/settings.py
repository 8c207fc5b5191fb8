"""What a deployment can set about the HTTP face, each by the variable of the same name in capitals."""

from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from voices.origins import LOOPBACK

MEGABYTE = 1_000_000

Port = Annotated[int, Field(ge=0, le=65_535)]


def _split(value: object) -> object:
    """Read a list separated by commas."""
    return (
        tuple(each.strip() for each in value.split(",") if each.strip()) if isinstance(value, str) else value
    )


class ServerSettings(BaseSettings):
    """The server's settings; raises ``pydantic.ValidationError`` for a value it cannot have."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, use_attribute_docstrings=True)

    listen_host: str = "127.0.0.1"
    """The address to listen on: this machine alone, unless said otherwise. The image says 0.0.0.0."""
    port: Port = 8000
    """0 takes a free one."""
    port_health: Port | None = None
    """Where RunPod's load balancer asks for /ping; ``port`` when left out."""
    api_key: SecretStr | None = None
    """Clients must send it, but for ``/``, ``/ping`` and ``/openapi.json``; without one everybody may
    speak."""
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = ()
    """Web sites, as in https://app.example.com, whose pages may use this server; * for all."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = ()
    """Names that clients may use for this server, beside addresses and localhost; * for all. Left out, a
    server without ``api_key`` that listens on this machine alone takes no other, the rest take all."""
    voice_uploads: bool = False
    """Whether POST /voices, and PATCH and DELETE of one, may change the registry."""

    max_body_mb: Annotated[float, Field(gt=0)] = 1.0
    """Of a request or a WebSocket message."""
    max_upload_mb: Annotated[float, Field(gt=0)] = 30.0
    """Of a clip's upload; RunPod's load balancer takes no more."""
    body_timeout_s: Annotated[float, Field(gt=0)] = 30.0
    """A request's body must have arrived by then."""
    header_timeout_s: Annotated[float, Field(gt=0)] = 10.0
    """And its headers by then."""
    max_sockets: Annotated[int, Field(ge=1)] = 1000
    """WebSockets open at once."""
    max_waiting_characters: Annotated[int, Field(ge=1)] = 10_000_000
    """Of all texts that wait for their turn on WebSockets and in calls."""

    @property
    def is_open_to_all(self) -> bool:
        """Whether machines other than this one may have it speak without a key."""
        return self.api_key is None and self.listen_host not in LOOPBACK

    @property
    def is_for_this_machine(self) -> bool:
        """Whether it is meant for this machine's own programs alone, and asks them for no key."""
        return self.api_key is None and self.listen_host in LOOPBACK
