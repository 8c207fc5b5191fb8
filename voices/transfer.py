"""Transfer: brings voices from one registry to another, each whole and checked."""

from typing import Literal

from voices.errors import UnknownVoice, VoiceCorrupt, VoiceExists
from voices.publication import Publisher
from voices.registry import VoiceRegistry

Outcome = Literal["copied", "unchanged"]


def transfer(
    source: VoiceRegistry, destination: VoiceRegistry, voice_id: str, *, replace: bool = False
) -> Outcome:
    """Copy a voice unless the destination has the very same.

    Raises ``VoiceExists`` where it has another of that id and ``replace`` is not set, and whatever
    ``Publisher.copy`` does.
    """
    voice = source.get(voice_id)
    try:
        there = destination.get(voice_id).manifest
    except (UnknownVoice, VoiceCorrupt):
        there = None
    if there is not None and voice.manifest is not None:
        if there.same_content(voice.manifest):
            return "unchanged"
        if not replace:
            raise VoiceExists(voice_id)
    Publisher(destination).copy(source, voice, replace=replace)
    return "copied"
