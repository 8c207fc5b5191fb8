"""Voices as HTTP describes them, and what may be changed of one."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from voices.voice import DEFAULT_VOICE_ID, ClipFacts
from worker.server.bodies import read_model
from worker.server.openapi import ErrorObject, Maybe


class VoiceSummary(BaseModel):
    """A voice; of a bare clip or a damaged voice little is known."""

    voice_id: str
    name: Maybe[str] = None
    language: Maybe[str] = None
    labels: Maybe[dict[str, str]] = None
    precomputed: Annotated[
        Maybe[bool], Field(description="Whether the engine need not compute its conditionals.")
    ] = None
    built_in: Maybe[bool] = None
    error: Annotated[Maybe[ErrorObject], Field(description="Why a damaged voice cannot be spoken.")] = None


class VoiceList(BaseModel):
    """The voices, the built-in one first."""

    voices: list[VoiceSummary]


class VoiceFacts(VoiceSummary):
    """A voice with the facts of its manifest."""

    created_at: Maybe[AwareDatetime] = None
    clip: Annotated[Maybe[ClipFacts], Field(description="Measured on the reference clip.")] = None
    prompt_seconds: Annotated[Maybe[float], Field(description="Of the clip, that lead each decode.")] = None
    bytes: Annotated[Maybe[int], Field(description="Of all its files.")] = None


class AddedVoice(VoiceSummary):
    """A voice that was made of an upload."""

    name: str
    seconds: Annotated[float, Field(description="Of the reference clip.")]
    warnings: list[str]


class VoiceChanges(BaseModel):
    """What to change of a voice: null, or a field that is not sent, leaves a thing as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str | None, Field(json_schema_extra={"minLength": 1, "maxLength": 200})] = None
    language: Annotated[str | None, Field(description="A tag such as pt-BR, or a name.")] = None
    labels: Annotated[
        dict[str, str | None] | None,
        Field(description="Null removes a label; those that are not sent stay."),
    ] = None

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        """Check a body; raises ``InvalidRequest`` naming the field at fault."""
        return read_model(cls, body, _REMEDIES)


_REMEDIES = {
    "": f"to change: use {', '.join(VoiceChanges.model_fields)}.",
    "name": "name: use a string.",
    "language": "language: use a string.",
    "labels": 'labels: use a JSON object of strings, or null to remove one: {"mood": "calm", "old": null}.',
}
BUILT_IN = VoiceSummary(voice_id=DEFAULT_VOICE_ID, name="Default", built_in=True)
"""The engine's own voice."""
