"""What API v2 answers with, as far as it is needed; anything else in an answer is passed over."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Availability = Literal["NONE", "LOW", "MEDIUM", "HIGH"]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, validate_by_alias=True, validate_by_name=True)


class Stock(_Answer):
    """How much there is of a GPU type in a data centre."""

    id: str
    availability: Availability


class Price(_Answer):
    """US dollars an hour."""

    serverless: float | None = None


class GpuType(_Answer):
    """A card, and the serverless pool that it is in, if any."""

    id: str
    name: str
    pool: str | None
    memory: int
    """GB."""
    price: Price
    availability: Availability = "NONE"
    data_centres: tuple[Stock, ...] = Field(default=(), alias="dataCenters")
    """Those that have it; none where it is nowhere to be had."""


class DataCentre(_Answer):
    """A place."""

    id: str
    volume_types: tuple[str, ...] = Field(alias="networkVolumeTypes")


class NetworkVolume(_Answer):
    """Storage in one data centre."""

    id: str
    name: str
    size: int
    """GB."""
    type: str
    """Its tier."""
    data_centre: str = Field(alias="dataCenter")


class Endpoint(_Answer):
    """A serverless endpoint; ``settings`` is the whole answer, as it came."""

    id: str
    name: str
    type: str | None = None
    """Absent from what is not an endpoint of the modern kinds."""
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
        """Where requests go: the queue's routes, or the load balancer's."""
        return self.request_urls.get("base") or self.request_urls.get("run", "").removesuffix("/run")


class Problem(_Answer):
    """An error, in the form of RFC 9457."""

    title: str = ""
    detail: str = ""
    errors: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "; ".join([self.detail or self.title, *self.errors])

    @classmethod
    def read(cls, answer: Any) -> Self | None:
        """Read an answer's body, or return None for one of another form."""
        try:
            return cls.model_validate(answer)
        except ValueError:
            return None
