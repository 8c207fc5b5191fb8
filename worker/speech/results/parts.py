"""The parts of a long job: each text chunk's speech, kept as soon as it is spoken.

    .parts/KEY/journal.jsonl          a header, then a line for each part
    .parts/KEY/00000-1f3a9c.flac      a text chunk's speech, as the engine made it

A part's file is on the disk before its line is: whatever a crash leaves, a line that can be read tells of
a part that is whole. One request at a time has the folder (``claim.py``). Should a worker that was given up
write on, no harm is done: every line names its own file, and tells the job that it is of.
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
    """The checksum of what was spoken, of its place and of the job."""
    file: str
    sha256: str
    speech_tokens: int
    was_cut: bool


class KeptParts:
    """The text chunks of one job that are spoken already.

    ``digest`` says what is spoken, by whom: parts of another are thrown away. Without ``seed`` one is
    drawn, and drawn only once: a resumed job goes on with the journal's. Raises ``StoreFailure``.
    """

    def __init__(self, directory: Path, digest: str, seed: int | None, sample_rate: int) -> None:
        self._directory = directory
        self._digest = digest
        self._sample_rate = sample_rate
        self.seed = secrets.randbits(32) if seed is None else seed
        """Of the request: each text chunk has one of its own, derived from it."""
        self._parts: dict[int, _Part] = {}
        try:
            if not self._read():
                self._begin_anew()
        except OSError as error:
            raise _unwritable(directory, error) from error
        self.resumed = 0
        """Text chunks that did not have to be spoken again."""

    def discard(self) -> None:
        """Throw the parts away; the claims in the folder stay."""
        with suppress(OSError):
            for file in self._directory.iterdir():
                if not is_claim(file.name):
                    file.unlink(missing_ok=True)

    @staticmethod
    def rounded(block: SpeechBlock) -> SpeechBlock:
        """Return an engine's block in 16 bits, so that it sounds the same from the disk."""
        return SpeechBlock(_as_float(to_int16(block.samples)), block.speech_tokens, block.was_cut)

    def stored(self, order: int, chunk: TextChunk) -> SpeechBlock | None:
        """Return a text chunk's speech from the disk; None where the engine has to speak it."""
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
        """Put a text chunk's whole speech on the disk, unless it is there."""
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
        except FileNotFoundError:  # whoever took the job over is done with it
            log.warning("part %d is not kept: %s is gone", order, self._directory)
        except OSError as error:
            with suppress(OSError):
                path.unlink()
            raise _unwritable(self._directory, error) from error

    def _begin_anew(self) -> None:
        self.discard()
        try:
            self._append({"digest": self._digest, "seed": self.seed})
        except OSError:
            self.discard()
            raise

    def _read(self) -> bool:
        """Read the journal; False where there is none, or another job's."""
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
        # The line break comes first: it ends whatever line a crash left unfinished.
        line = json.dumps(entry).encode()
        journal = self._directory / _JOURNAL
        is_new = not journal.exists()
        with journal.open("ab") as file:
            file.write(line if is_new else b"\n" + line)
            file.flush()
            os.fsync(file.fileno())

    def _text_digest(self, chunk: TextChunk) -> str:
        told = f"{self._digest} {self.seed} {chunk.start} {chunk.end} {chunk.text}"
        return hashlib.sha256(told.encode()).hexdigest()


class StoredSpeech(SpeechStream):
    """A text chunk's speech from the disk."""

    def __init__(self, block: SpeechBlock) -> None:
        self._blocks = iter((block,))

    def __iter__(self) -> Iterator[SpeechBlock]:
        return self

    def __next__(self) -> SpeechBlock:
        return next(self._blocks)

    def close(self) -> None:
        """Do nothing: no work is under way."""


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
