"""Models of voices over HTTP, and of changes to one."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from voices.voice import DEFAULT_VOICE_ID, ClipFacts
from worker.server.bodies import read_model
from worker.server.openapi import ErrorObject, Maybe


class VoiceSummary(BaseModel):
    """A voice; most fields are missing for a bare clip or a damaged voice."""

    voice_id: str
    name: Maybe[str] = None
    language: Maybe[str] = None
    labels: Maybe[dict[str, str]] = None
    precomputed: Annotated[
        Maybe[bool], Field(description="Whether its conditionals for this engine are stored.")
    ] = None
    built_in: Maybe[bool] = None
    error: Annotated[Maybe[ErrorObject], Field(description="Why a damaged voice cannot be used.")] = None


class VoiceList(BaseModel):
    """The voices, the built-in one first."""

    voices: list[VoiceSummary]


class VoiceFacts(VoiceSummary):
    """A voice with the facts of its manifest."""

    created_at: Maybe[AwareDatetime] = None
    clip: Annotated[Maybe[ClipFacts], Field(description="Measured on the reference clip.")] = None
    prompt_seconds: Annotated[Maybe[float], Field(description="Seconds of the clip used as the prompt.")] = (
        None
    )
    bytes: Annotated[Maybe[int], Field(description="Size of all its files.")] = None


class AddedVoice(VoiceSummary):
    """A voice made from an upload."""

    name: str
    seconds: Annotated[float, Field(description="Length of the reference clip.")]
    warnings: list[str]


class VoiceChanges(BaseModel):
    """Changes to a voice; a field that is null or omitted stays unchanged."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str | None, Field(json_schema_extra={"minLength": 1, "maxLength": 200})] = None
    language: Annotated[str | None, Field(description="A tag such as pt-BR, or a name.")] = None
    labels: Annotated[
        dict[str, str | None] | None,
        Field(description="Null removes a label; omitted labels stay."),
    ] = None

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        """Validate a body; raises ``InvalidRequest`` naming the invalid field."""
        return read_model(cls, body, _REMEDIES)


_REMEDIES = {
    "": f"to change: use {', '.join(VoiceChanges.model_fields)}.",
    "name": "name: use a string.",
    "language": "language: use a string.",
    "labels": 'labels: use a JSON object of strings, or null to remove one: {"mood": "calm", "old": null}.',
}
BUILT_IN = VoiceSummary(voice_id=DEFAULT_VOICE_ID, name="Default", built_in=True)
"""The engine's own voice."""
