"""VOICE_ALIASES: other names of voices, which hold wherever a voice is named."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from voices.errors import StoreFailure
from voices.library import VoiceLibrary
from voices.voice import DEFAULT_VOICE_ID, VOICE_ID


def _pairs(value: object) -> object:
    """Read ``alloy=anna,nova=bella``; raises ``ValueError`` for a part without its sign, or said twice."""
    if not isinstance(value, str):
        return value
    parts = [each.strip() for each in value.split(",") if each.strip()]
    if any("=" not in part for part in parts):
        raise ValueError("write it as name=voice_id,name=voice_id")
    pairs = [(name.strip(), voice_id.strip()) for name, voice_id in (part.split("=", 1) for part in parts)]
    name, times = Counter(name for name, _ in pairs).most_common(1)[0] if pairs else ("", 0)
    if times > 1:
        raise ValueError(f"{name!r} is there {times} times: a name stands for one voice")
    return dict(pairs)


def _checked(aliases: dict[str, str]) -> dict[str, str]:
    """Raise ``ValueError`` for an alias that can never work; whether its voice is there is not known yet."""
    for name, voice_id in aliases.items():
        pair = f"{name}={voice_id}"
        if not name:
            raise ValueError(f"{pair!r} has no name: write it as name=voice_id")
        if name == DEFAULT_VOICE_ID:
            raise ValueError(f"{pair!r} would hide the built-in voice: choose another name than {name!r}")
        if not VOICE_ID.fullmatch(voice_id):
            raise ValueError(
                f"{pair!r} leads to {voice_id!r}, which cannot be a voice id: "
                "it has 1 to 64 of a-z, 0-9, '_' and '-', beginning with a letter or a digit"
            )
        if voice_id in aliases:
            raise ValueError(f"{pair!r} leads to an alias: name the voice itself")
    return aliases


VoiceAliases = Annotated[dict[str, str], NoDecode, BeforeValidator(_pairs), AfterValidator(_checked)]
"""Names, and the voice id that each stands for."""


def doubts(aliases: Mapping[str, str], library: VoiceLibrary) -> Iterator[str]:
    """Say in a clause each which aliases do not do what they seem to, with the voices that there are."""
    if not aliases:
        return
    try:
        voice_ids = set(library.ids())
    except StoreFailure:  # every request says so
        return
    for name, voice_id in aliases.items():
        if voice_id != DEFAULT_VOICE_ID and voice_id not in voice_ids:
            yield f"{name} stands for {voice_id}, and there is no such voice yet"
        if name in voice_ids:
            yield f"{name} stands for {voice_id}, so the voice of that very id is out of reach"
