"""The request bodies of RunPod's API v2 for volumes and endpoints.

Written down by hand from api-reference-v2/openapi.json of RunPod's documentation (runpod/docs a900806,
August 2026).
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

CUDA = Annotated[str, Field(pattern=r"^\d+\.\d+$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CreateVolume(_Body):
    name: Annotated[str, Field(min_length=1)]
    size: Annotated[int, Field(ge=10, le=4096)]
    dataCenter: Annotated[str, Field(min_length=1)]  # noqa: N815 - RunPod's names
    type: Literal["STANDARD", "HIGH_PERFORMANCE"] = "STANDARD"


class UpdateVolume(_Body):
    name: Annotated[str, Field(min_length=1)] | None = None
    size: Annotated[int, Field(ge=10, le=4096)] | None = None

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        assert self.model_fields_set, "minProperties 1"
        return self


class CreateGpu(_Body):
    pools: Annotated[list[str], Field(min_length=1)]
    excludedTypes: list[Annotated[str, Field(pattern=r"^\s*[^-\s]")]] = []  # noqa: N815
    count: Annotated[int, Field(ge=1)] = 1
    allowedCudaVersions: list[CUDA] = []  # noqa: N815
    minCudaVersion: CUDA | None = None  # noqa: N815


class UpdateGpu(CreateGpu):
    pools: Annotated[list[str], Field(min_length=1)] | None = None
    minCudaVersion: Annotated[str, Field(pattern=r"^$|^\d+\.\d+$")] | None = None  # noqa: N815

    @model_validator(mode="after")
    def _exclusions_need_pools(self) -> Self:
        assert self.pools or "excludedTypes" not in self.model_fields_set, "excludedTypes requires pools"
        return self


class Workers(_Body):
    min: Annotated[int, Field(ge=0)] = 0
    max: Annotated[int, Field(ge=0)] = 3
    idleTimeout: Annotated[int, Field(ge=1, le=3600)] | None = None  # noqa: N815


class QueueDelay(_Body):
    type: Literal["QUEUE_DELAY"]
    queueDelay: Annotated[float, Field(ge=0.5)]  # noqa: N815


class RequestCount(_Body):
    type: Literal["REQUEST_COUNT"]
    requestCount: Annotated[int, Field(ge=1)]  # noqa: N815


Scaling = Annotated[QueueDelay | RequestCount, Field(discriminator="type")]


class UpdateEndpoint(_Body):
    args: str | None = None
    disk: Annotated[int, Field(ge=1)] | None = None
    env: dict[str, str] | None = None
    image: str | None = None
    ports: list[str] | None = None
    registry: str | None = None
    dataCenterIds: list[str] | None = None  # noqa: N815
    flashboot: Literal["OFF", "FLASHBOOT", "PRIORITY_FLASHBOOT"] | None = None
    gpu: UpdateGpu | None = None
    name: Annotated[str, Field(min_length=1)] | None = None
    networkVolumes: list[str] | None = None  # noqa: N815
    scaling: Scaling | None = None
    timeout: int | None = None
    workers: Workers | None = None


class CreateEndpoint(UpdateEndpoint):
    gpu: CreateGpu
    image: str
    name: Annotated[str, Field(min_length=1)]
    scaling: Scaling
    type: Literal["QUEUE", "LOAD_BALANCER"]

    @model_validator(mode="after")
    def _balancer_counts_requests(self) -> Self:
        assert self.type == "QUEUE" or self.scaling.type == "REQUEST_COUNT", "scaling.type"
        return self
