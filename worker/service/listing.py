"""The registry's voices, a page at a time: thousands exceed the limit of one RunPod stream event."""

import json
from bisect import bisect_right
from typing import Any

from voices.errors import VoiceCorrupt
from voices.library import VoiceLibrary
from voices.voice import Voice
from worker.events import VoicesEvent
from worker.request import ListVoicesRequest

_PAGE_BYTES = 500_000
"""Upper bound for a page's JSON; RunPod's limit for one event is 1 MB."""


def list_voices(library: VoiceLibrary, request: ListVoicesRequest, fingerprint: str) -> VoicesEvent:
    """Return the requested page; ``fingerprint`` is the engine's."""
    ids = sorted(library.ids())
    begin = 0 if request.after is None else bisect_right(ids, request.after)
    voices: list[dict[str, Any]] = []
    size = 0
    for voice_id in ids[begin : begin + request.limit]:
        voice = _described(library, voice_id, fingerprint)
        size += len(json.dumps(voice))
        if voices and size > _PAGE_BYTES:
            break
        voices.append(voice)
    is_last = begin + len(voices) >= len(ids)
    return VoicesEvent(voices, next=None if is_last else ids[begin + len(voices) - 1])


def describe(voice: Voice, fingerprint: str) -> dict[str, Any]:
    """Return a voice's entry in a list; ``fingerprint`` is the engine's."""
    manifest = voice.manifest
    if manifest is None:
        return {"voice_id": voice.voice_id, "precomputed": False}
    return {
        "voice_id": voice.voice_id,
        "name": manifest.name,
        "language": manifest.language,
        "labels": manifest.labels,
        "precomputed": fingerprint in manifest.fingerprints,
    }


def _described(library: VoiceLibrary, voice_id: str, fingerprint: str) -> dict[str, Any]:
    """Return a voice's entry; a damaged voice is listed with its error."""
    try:
        return describe(library.locate(voice_id).get(voice_id), fingerprint)
    except VoiceCorrupt as error:
        return {"voice_id": voice_id, "error": error.for_clients()}
