"""The schema of ``deploy.toml``, and its reader."""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from deployment.errors import InvalidFile, MissingSecret

_SECRET_NAME = re.compile(r"(^|_)(KEY|TOKEN|SECRET|PASSWORD)(_|$)")
_REFERENCE = re.compile(r"\{\{\s*RUNPOD_SECRET_\w+\s*\}\}")
"""RunPod's placeholder for a secret that it stores."""
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
VariableName = Annotated[str, Field(pattern=_VARIABLE)]
Name = Annotated[str, Field(min_length=1, max_length=191)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Gpu(_Table):
    """GPUs that the workers may run on."""

    pools: Annotated[tuple[str, ...], Field(min_length=1)]
    """RunPod's serverless pools, the preferred one first."""
    excluded_types: tuple[str, ...] = ()
    """GPU types of these pools that the endpoint must not use."""
    count: Annotated[int, Field(ge=1)] = 1
    min_cuda: Annotated[str, Field(pattern=r"^\d+\.\d+$")] | None = None
    """Minimum CUDA version that a host's driver must support."""


class Workers(_Table):
    """The number of workers."""

    min: Annotated[int, Field(ge=0)] = 0
    max: Annotated[int, Field(ge=0)] = 3
    idle_timeout_s: Annotated[int, Field(ge=1, le=3600)] | None = None
    """Seconds a worker waits for its next request; RunPod's default (10 s) if left out."""


class QueueDelay(_Table):
    """Adds a worker when requests wait longer than this."""

    type: Literal["queue_delay"]
    value: Annotated[float, Field(ge=0.5, allow_inf_nan=False)]
    """Seconds."""


class RequestCount(_Table):
    """Runs as many workers as requests, waiting and running, divided by this."""

    type: Literal["request_count"]
    value: Annotated[int, Field(ge=1)]


class Volume(_Table):
    """A network volume for the voices, one in each data centre."""

    name: Name
    size_gb: Annotated[int, Field(ge=10, le=4096)] = 10
    tier: Literal["standard", "high_performance"] | None = None
    """The data centre's default if left out."""


class Desired(_Table):
    """The desired endpoint and volumes."""

    name: Name
    type: Literal["queue", "load_balancer"] = "queue"
    image: Annotated[str, Field(min_length=1)]
    registry: str | None = None
    """The id of the private registry's credentials, as stored by RunPod."""
    engine: Literal["chatterbox-turbo", "preview"] = "chatterbox-turbo"
    model: str | None = None
    """The Hugging Face model that RunPod caches on its hosts."""
    container_disk_gb: Annotated[int, Field(ge=1)] = 20
    execution_timeout_s: Annotated[int, Field(ge=5, le=7 * 86_400)] = 600
    flashboot: Literal["off", "on", "priority"] = "on"
    data_centres: tuple[str, ...] = ()
    """Where workers may run; empty means anywhere."""
    gpu: Gpu
    workers: Workers = Workers()
    scaler: Annotated[QueueDelay | RequestCount, Field(discriminator="type")]
    volume: Volume | None = None
    env: dict[VariableName, str] = {}
    secrets: tuple[VariableName, ...] = ()
    """Variables whose values are taken from the deploying user's environment."""

    @model_validator(mode="after")
    def _scaler_fits_the_endpoint(self) -> Self:
        if self.type == "load_balancer" and self.scaler.type != "request_count":
            raise ValueError("scaler: a load_balancer endpoint scales only by request_count")
        by_count = self.type == "queue" and self.scaler.type == "request_count"
        if by_count and self.workers.idle_timeout_s is not None:
            raise ValueError(
                "workers.idle_timeout_s: not supported by a queue that scales by request_count; remove it, "
                "or scale by queue_delay"
            )
        return self

    @model_validator(mode="after")
    def _workers_are_a_range(self) -> Self:
        if self.workers.min > self.workers.max:
            raise ValueError("workers.min: must not exceed workers.max")
        return self

    @model_validator(mode="after")
    def _volume_has_a_place(self) -> Self:
        if len(set(self.data_centres)) < len(self.data_centres):
            raise ValueError("data_centres: list each one once")
        if self.volume is not None and not self.data_centres:
            raise ValueError("data_centres: a volume needs a data centre: list at least one")
        return self

    @model_validator(mode="after")
    def _secrets_are_not_written_down(self) -> Self:
        for name, value in self.env.items():
            if _SECRET_NAME.search(name) and not _REFERENCE.fullmatch(value.strip()):
                raise ValueError(
                    f"env.{name}: do not write secrets into this file: add the name to `secrets` and "
                    f"export the value, or write {{{{ RUNPOD_SECRET_name }}}} for one that RunPod stores"
                )
        return self

    @model_validator(mode="after")
    def _variables_are_named_once(self) -> Self:
        for name, says_so in {"ENGINE": "engine", "MODE": "type"}.items():
            if name in {*self.env, *self.secrets}:
                raise ValueError(f"env.{name}: set `{says_so}` in this file instead")
        if twice := set(self.env) & set(self.secrets):
            raise ValueError(f"secrets: {min(twice)} is also in `env`")
        return self

    def environment(self, surroundings: Mapping[str, str]) -> dict[str, str]:
        """Return the workers' environment; raises ``MissingSecret`` for one not in ``surroundings``."""
        for name in self.secrets:
            if not surroundings.get(name):
                raise MissingSecret(f"Export {name}: it is listed in `secrets`.", field=f"secrets.{name}")
        secrets = {name: surroundings[name] for name in self.secrets}
        return {**self.implied_environment(), **self.env, **secrets}

    def implied_environment(self) -> dict[str, str]:
        """Return the variables implied by other fields of the file."""
        # A port on which the image's user may listen; RunPod's load balancer must know it.
        http = {"MODE": "serve", "PORT": "8000"} if self.type == "load_balancer" else {}
        return {"ENGINE": self.engine, **http}


def read_desired(path: Path) -> Desired:
    """Read the file; raises ``InvalidFile``, which names the invalid field and never a value."""
    try:
        tables = tomllib.loads(path.read_text())
    except OSError as error:
        raise InvalidFile(f"{path} cannot be read: {os.strerror(error.errno or 0)}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidFile(f"{path} is not TOML: {error}.") from None
    try:
        # Through JSON: pydantic's strict mode accepts JSON arrays as tuples, but not TOML's lists.
        return Desired.model_validate_json(json.dumps(tables, default=str))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"] if part not in {"queue_delay", "request_count"})
        reason = first["msg"].removeprefix("Value error, ")
        if not field:
            field = reason.partition(":")[0]
            raise InvalidFile(f"{path}: {reason}.", field=field) from None
        raise InvalidFile(f"{path}: {field}: {reason}.", field=field) from None
