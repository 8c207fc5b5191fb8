"""The parts of a resumable job: each text chunk's speech, stored as soon as it is spoken.

    .parts/KEY/journal.jsonl          a header, then a line for each part
    .parts/KEY/00000-1f3a9c.flac      a text chunk's speech, as the engine made it

A part's file is synced to the disk before its journal line: after a crash every readable line names a
complete part. One request at a time holds the folder (``claim.py``). A worker that lost its claim may write
on without harm: every line names a file of its own and carries a digest of its job.
"""

import hashlib
import io
import json
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from voices.claim import is_claim
from voices.clips.clip import Samples
from voices.errors import StoreFailure
from worker.audio.encoders.pcm import to_int16
from worker.engine.base import SpeechBlock, SpeechStream
from worker.text.chunks import TextChunk

log = logging.getLogger(__name__)

_JOURNAL = "journal.jsonl"
_FULL_SCALE = np.float32(32_767)


@dataclass(frozen=True)
class _Part:
    order: int
    text: str
    """Checksum of the job, the seed, the text chunk and its position."""
    file: str
    sha256: str
    speech_tokens: int
    was_cut: bool


class KeptParts:
    """The text chunks of one job that are already spoken.

    ``digest`` identifies the text, voice and options: parts with another digest are deleted. Without ``seed``
    a random one is drawn; a resumed job continues with the journal's seed. Raises ``StoreFailure``.
    """

    def __init__(self, directory: Path, digest: str, seed: int | None, sample_rate: int) -> None:
        self._directory = directory
        self._digest = digest
        self._sample_rate = sample_rate
        self.seed = secrets.randbits(32) if seed is None else seed
        """Seed of the request; each text chunk's seed is derived from it."""
        self._parts: dict[int, _Part] = {}
        try:
            if not self._read():
                self._begin_journal()
        except OSError as error:
            raise _unwritable(directory, error) from error
        self.resumed = 0
        """Text chunks reused so far."""

    def discard(self) -> None:
        """Delete the parts; the claims in the folder stay."""
        with suppress(OSError):
            for file in self._directory.iterdir():
                if not is_claim(file.name):
                    file.unlink(missing_ok=True)

    @staticmethod
    def rounded(block: SpeechBlock) -> SpeechBlock:
        """Return an engine's block rounded to 16 bits, so that it equals the block read from the disk."""
        return SpeechBlock(_as_float(to_int16(block.samples)), block.speech_tokens, block.was_cut)

    def stored(self, order: int, chunk: TextChunk) -> SpeechBlock | None:
        """Return a text chunk's speech from the disk; None if it must be spoken."""
        part = self._parts.get(order)
        if part is None or part.text != self._text_digest(chunk):
            return None
        try:
            data = (self._directory / part.file).read_bytes()
        except OSError:
            data = b""
        if hashlib.sha256(data).hexdigest() != part.sha256:
            log.warning("part %d in %s is damaged: it is spoken again", order, self._directory)
            del self._parts[order]
            return None
        samples, _ = soundfile.read(io.BytesIO(data), dtype="int16")
        self.resumed += 1
        return SpeechBlock(_as_float(samples), part.speech_tokens, part.was_cut)

    def keep(self, order: int, chunk: TextChunk, blocks: list[SpeechBlock]) -> None:
        """Store a text chunk's complete speech on the disk, unless it is there. Idempotent."""
        kept = self._parts.get(order)
        if kept is not None and kept.text == self._text_digest(chunk):
            return
        samples = [np.zeros(0, np.int16), *(to_int16(block.samples) for block in blocks)]
        buffer = io.BytesIO()
        soundfile.write(buffer, np.concatenate(samples), self._sample_rate, "PCM_16", format="FLAC")
        part = _Part(
            order,
            self._text_digest(chunk),
            f"{order:05}-{secrets.token_hex(4)}.flac",
            hashlib.sha256(buffer.getvalue()).hexdigest(),
            sum(block.speech_tokens for block in blocks),
            any(block.was_cut for block in blocks),
        )
        path = self._directory / part.file
        try:
            with path.open("wb") as file:
                file.write(buffer.getvalue())
                file.flush()
                os.fsync(file.fileno())
            self._append(asdict(part))
        except FileNotFoundError:  # another request has taken the job over and finished it
            log.warning("part %d is not stored: %s no longer exists", order, self._directory)
        except OSError as error:
            with suppress(OSError):
                path.unlink()
            raise _unwritable(self._directory, error) from error

    def _begin_journal(self) -> None:
        self.discard()
        try:
            self._append({"digest": self._digest, "seed": self.seed})
        except OSError:
            self.discard()
            raise

    def _read(self) -> bool:
        """Read the journal; return False if there is none, or if it belongs to another job."""
        try:
            lines = (self._directory / _JOURNAL).read_bytes().split(b"\n")
        except FileNotFoundError:
            return False
        header = _parsed(lines[0])
        if header.get("digest") != self._digest or not isinstance(header.get("seed"), int):
            return False
        self.seed = header["seed"]
        for line in lines[1:]:
            with suppress(TypeError):  # a line that a crash cut off
                part = _Part(**_parsed(line))
                self._parts[part.order] = part
        return True

    def _append(self, entry: dict[str, Any]) -> None:
        # The line break comes first: it ends a line that a crash left unfinished.
        line = json.dumps(entry).encode()
        journal = self._directory / _JOURNAL
        is_new = not journal.exists()
        with journal.open("ab") as file:
            file.write(line if is_new else b"\n" + line)
            file.flush()
            os.fsync(file.fileno())

    def _text_digest(self, chunk: TextChunk) -> str:
        identity = f"{self._digest} {self.seed} {chunk.start} {chunk.end} {chunk.text}"
        return hashlib.sha256(identity.encode()).hexdigest()


class StoredSpeech(SpeechStream):
    """A text chunk's speech from the disk."""

    def __init__(self, block: SpeechBlock) -> None:
        self._blocks = iter((block,))

    def __iter__(self) -> Iterator[SpeechBlock]:
        return self

    def __next__(self) -> SpeechBlock:
        return next(self._blocks)

    def close(self) -> None:
        """Do nothing: no work is in progress."""


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _as_float(samples: np.ndarray[Any, np.dtype[np.int16]]) -> Samples:
    floats: Samples = samples.astype(np.float32) / _FULL_SCALE
    return floats


def _unwritable(directory: Path, error: OSError) -> StoreFailure:
    return StoreFailure.of(error, "keep a part of the job in", directory, "RESULTS_DIR")
