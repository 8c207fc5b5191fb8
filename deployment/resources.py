"""The parts of API v2's responses that this package uses; other fields are ignored."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Availability = Literal["NONE", "LOW", "MEDIUM", "HIGH"]


class _Resource(BaseModel):
    model_config = ConfigDict(frozen=True, validate_by_alias=True, validate_by_name=True)


class Stock(_Resource):
    """Availability of a GPU type in a data centre."""

    id: str
    availability: Availability


class Price(_Resource):
    """US dollars per hour."""

    serverless: float | None = None


class GpuType(_Resource):
    """A GPU model, and its serverless pool, if any."""

    id: str
    name: str
    pool: str | None
    memory: int
    """GB."""
    price: Price
    availability: Availability = "NONE"
    data_centres: tuple[Stock, ...] = Field(default=(), alias="dataCenters")
    """The data centres that have it; empty if none has."""


class DataCentre(_Resource):
    """A data centre."""

    id: str
    volume_types: tuple[str, ...] = Field(alias="networkVolumeTypes")


class NetworkVolume(_Resource):
    """Storage in one data centre."""

    id: str
    name: str
    size: int
    """GB."""
    type: str
    """The storage tier."""
    data_centre: str = Field(alias="dataCenter")


class ServerlessEndpoint(_Resource):
    """A serverless endpoint; ``settings`` is the whole response."""

    id: str
    name: str
    type: str | None = None
    """Absent for endpoints of older kinds."""
    request_urls: Annotated[dict[str, str], BeforeValidator(lambda urls: urls or {})] = Field(
        default={}, alias="requestUrls"
    )
    settings: dict[str, Any]

    @model_validator(mode="before")
    @classmethod
    def _keep_all(cls, answer: Any) -> Any:
        return {**answer, "settings": answer} if isinstance(answer, dict) else answer

    @property
    def url(self) -> str:
        """The base URL of requests: the queue's routes, or the load balancer's."""
        return self.request_urls.get("base") or self.request_urls.get("run", "").removesuffix("/run")


class ApiProblem(_Resource):
    """An error, in the form of RFC 9457."""

    title: str = ""
    detail: str = ""
    errors: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "; ".join([self.detail or self.title, *self.errors])

    @classmethod
    def read(cls, answer: Any) -> Self | None:
        """Parse a response's body; return None if it has another form."""
        try:
            return cls.model_validate(answer)
        except ValueError:
            return None
