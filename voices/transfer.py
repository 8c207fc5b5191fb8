"""Transfer: copies voices between registries and verifies every file on the way."""

from typing import Literal

from voices.errors import UnknownVoice, VoiceCorrupt
from voices.publication import Publisher
from voices.registry import VoiceRegistry

Outcome = Literal["copied", "unchanged"]


def transfer(
    source: VoiceRegistry, destination: VoiceRegistry, voice_id: str, *, replace: bool = False
) -> Outcome:
    """Copy a voice unless the destination has the same one; raises like ``find_outcome`` and ``copy``."""
    outcome = find_outcome(source, destination, voice_id, replace=replace)
    if outcome == "copied":
        Publisher(destination).copy(source, source.get(voice_id), replace=replace)
    return outcome


def find_outcome(
    source: VoiceRegistry, destination: VoiceRegistry, voice_id: str, *, replace: bool = False
) -> Outcome:
    """Return the outcome that ``transfer`` would have, from the manifests alone.

    Raises ``VoiceExists`` if the destination has another voice of that id and ``replace`` is not set,
    and ``InvalidRequest`` for a bare clip.
    """
    manifest = source.get(voice_id).published()
    try:
        there = destination.get(voice_id).manifest
    except (UnknownVoice, VoiceCorrupt):
        there = None
    if there is not None and there.same_content(manifest):
        return "unchanged"
    Publisher(destination).check_free(voice_id, replace=replace)
    return "copied"
