"""The voices: whether their directories exist, are intact, and are ready for this engine."""

import os
from collections.abc import Iterator
from pathlib import Path

from voices.errors import StoreFailure, VoiceCorrupt
from voices.library import VoiceLibrary
from voices.registry import VoiceRegistry
from voices.voice import Manifest
from worker.doctor.checkpoint import fingerprint_here
from worker.doctor.finding import Finding, Subject, fault, ok, warning
from worker.settings import doubts

_MOST_NAMED = 5

Scanned = list[tuple[str, Manifest | VoiceCorrupt | None]]


def check_voices(subject: Subject) -> Iterator[Finding]:
    """Check each directory of VOICES_DIR."""
    fingerprint = fingerprint_here(subject)
    for directory in subject.settings.voices_dir:
        yield from _directory(directory, fingerprint, write_back=subject.settings.write_back)


def check_aliases(subject: Subject) -> Iterator[Finding]:
    """Check VOICE_ALIASES against the existing voices."""
    aliases = subject.settings.voice_aliases
    found = list(doubts(aliases, VoiceLibrary.at(*subject.settings.voices_dir)))
    for doubt in found:
        yield warning("voice aliases", doubt, "Correct VOICE_ALIASES, or add the voice with `voices add`.")
    if aliases and not found:
        yield ok("voice aliases", ", ".join(f"{name}={voice_id}" for name, voice_id in aliases.items()))


def _directory(directory: Path, fingerprint: str | None, *, write_back: bool) -> Iterator[Finding]:
    add = "Add one with `voices add NAME CLIP`; until then only the built-in voice `default` speaks."
    if directory.is_symlink() and not directory.exists():
        yield warning(
            "voices",
            f"{directory} links to {directory.readlink()}, which does not exist",
            "Attach a network volume to the endpoint, or set VOICES_DIR to an existing directory.",
        )
        return
    if not directory.exists():
        yield warning("voices", f"{directory} does not exist: there are no voices yet", add)
        return
    try:
        scanned = VoiceRegistry.at(directory).scan() if directory.is_dir() else None
    except StoreFailure as error:
        yield fault("voices", error.message, "Give the worker's user the right to read it.")
        return
    if scanned is None:
        yield fault("voices", f"{directory} is not a directory", "Set VOICES_DIR to one.")
        return
    yield (
        ok("voices", f"{directory}: {len(scanned)}")
        if scanned
        else warning("voices", f"{directory} is empty", add)
    )
    yield from _damaged(directory, scanned)
    if fingerprint is not None:
        yield from _unprepared(directory, scanned, fingerprint)
    if write_back and not os.access(directory, os.W_OK):
        yield warning(
            "voices",
            f"{directory} is not writable: computed conditionals are lost when the worker ends",
            "Make it writable, or set WRITE_BACK=false and add voices with `voices add --via ENDPOINT_ID`.",
        )


def _damaged(directory: Path, scanned: Scanned) -> Iterator[Finding]:
    if damaged := [voice_id for voice_id, found in scanned if isinstance(found, VoiceCorrupt)]:
        yield fault(
            "damaged voices",
            f"{directory}: {_named(damaged)}",
            "Run `voices verify --repair`, or add them again with `voices add NAME CLIP --force`.",
        )


def _unprepared(directory: Path, scanned: Scanned, fingerprint: str) -> Iterator[Finding]:
    slow = [
        voice_id
        for voice_id, found in scanned
        if found is None or (isinstance(found, Manifest) and fingerprint not in found.fingerprints)
    ]
    if slow:
        yield warning(
            "unprepared voices",
            f"{directory}: {_named(slow)}: no conditionals for {fingerprint}, so the first request is slow",
            "Run `voices refresh`, or add them with `voices add --via ENDPOINT_ID`.",
        )
    elif scanned:
        yield ok("prepared voices", f"{directory}: all have conditionals for {fingerprint}")


def _named(voice_ids: list[str]) -> str:
    """Return the first few ids, and the number of the rest."""
    more = len(voice_ids) - _MOST_NAMED
    return ", ".join(voice_ids[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
