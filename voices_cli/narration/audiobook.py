"""The audiobook: joins pieces with pauses at an even level, encodes them, and marks the chapters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
from av.container import OutputContainer

from voices.clips.clip import Clip, Samples
from voices.clips.levels import FLOOR_DB, frame_levels, mean_level
from voices.errors import InvalidRequest
from voices.whole_file import WholeFile
from voices_cli.books.book import Book
from voices_cli.narration.piece_cache import CachedPiece

MOST_DECIBELS = 3.0
"""Largest gain or attenuation of a piece towards the others' level."""

_GATE_DECIBELS = 20.0
"""Frames this far below a piece's loudest frame are pauses."""
_CEILING = 0.99
_BLOCK = 65_536


@dataclass(frozen=True)
class _Container:
    format: str
    codec: str
    sample_format: str
    kbit_rate: int | None = None

    def rate(self, sample_rate: int) -> int:
        """Return the output rate for speech of ``sample_rate``, in Hz; Opus supports only few rates."""
        return 48_000 if self.codec == "libopus" else sample_rate


CONTAINERS = {
    ".m4b": _Container("ipod", "aac", "fltp", 64),
    ".m4a": _Container("ipod", "aac", "fltp", 64),
    ".mp3": _Container("mp3", "libmp3lame", "fltp", 64),
    ".ogg": _Container("ogg", "libopus", "s16", 48),
    ".opus": _Container("ogg", "libopus", "s16", 48),
    ".flac": _Container("flac", "flac", "s16"),
    ".wav": _Container("wav", "pcm_s16le", "s16"),
}
"""By file extension. FLAC and WAV files have no chapter marks."""


@dataclass(frozen=True)
class ChapterMark:
    """A chapter's position in the audiobook."""

    title: str
    start_s: float
    seconds: float


def check_suffix(out: Path) -> None:
    """Raise ``InvalidRequest`` unless the extension of ``out`` is a known format."""
    if out.suffix.lower() not in CONTAINERS:
        raise InvalidRequest(f"{out}: the extension must be one of {', '.join(CONTAINERS)}.", field="out")


def write_audiobook(book: Book, spoken: Sequence[CachedPiece], out: Path) -> list[ChapterMark]:
    """Write ``out`` atomically; returns the chapters' positions."""
    sample_rate = int(soundfile.info(str(spoken[0].path)).samplerate)
    marks = _marks(book, spoken, sample_rate)
    gains = _gains(spoken)
    kind = CONTAINERS[out.suffix.lower()]
    with WholeFile(out) as whole, av.open(str(whole.partial), "w", format=kind.format) as container:
        _describe(container, book, marks)
        _encode(container, kind, _samples(spoken, gains, sample_rate), sample_rate)
    return marks


def _marks(book: Book, spoken: Sequence[CachedPiece], sample_rate: int) -> list[ChapterMark]:
    seconds = [0.0] * len(book.chapters)
    for each in spoken:
        info = soundfile.info(str(each.path))
        if info.samplerate != sample_rate:
            raise InvalidRequest(
                f"{each.path} has {info.samplerate} Hz instead of {sample_rate}: start over with --restart."
            )
        pause = round(each.piece.pause_seconds * sample_rate)
        seconds[each.piece.chapter] += (info.frames + pause) / sample_rate
    marks, start = [], 0.0
    for chapter, length in zip(book.chapters, seconds, strict=True):
        marks.append(ChapterMark(chapter.title or book.title, round(start, 3), round(length, 3)))
        start += length
    return marks


def _gains(spoken: Sequence[CachedPiece]) -> list[float]:
    """Return a gain for each piece that brings it towards the median level without clipping."""
    levels, peaks = [], []
    for each in spoken:
        samples, sample_rate = soundfile.read(str(each.path), dtype="float32")
        frames = frame_levels(Clip(samples, sample_rate))
        loudest = frames.max(initial=FLOOR_DB)
        levels.append(mean_level(frames[frames > loudest - _GATE_DECIBELS]))
        peaks.append(float(np.abs(samples).max(initial=0.0)))
    middle = float(np.median(levels))
    gains = []
    for level, peak in zip(levels, peaks, strict=True):
        gain = float(10 ** (np.clip(middle - level, -MOST_DECIBELS, MOST_DECIBELS) / 20))
        gains.append(min(gain, max(1.0, _CEILING / peak)) if peak else 1.0)
    return gains


def _samples(spoken: Sequence[CachedPiece], gains: Sequence[float], sample_rate: int) -> Iterator[Samples]:
    for each, gain in zip(spoken, gains, strict=True):
        samples, _ = soundfile.read(str(each.path), dtype="float32")
        yield samples * np.float32(gain)
        yield np.zeros(round(each.piece.pause_seconds * sample_rate), np.float32)


def _describe(container: OutputContainer, book: Book, marks: Sequence[ChapterMark]) -> None:
    """Set title, author and chapters, before the first packet because MP3 has them in its header."""
    container.metadata.update({"title": book.title, "album": book.title, "genre": "Audiobook"})
    if book.author:
        container.metadata.update({"artist": book.author, "album_artist": book.author})
    container.set_chapters(
        [
            {
                "id": number,
                "start": round(mark.start_s * 1000),
                "end": round((mark.start_s + mark.seconds) * 1000),
                "time_base": Fraction(1, 1000),
                "metadata": {"title": mark.title},
            }
            for number, mark in enumerate(marks)
        ]
    )


def _encode(
    container: OutputContainer, kind: _Container, blocks: Iterator[Samples], sample_rate: int
) -> None:
    stream = container.add_stream(kind.codec, rate=kind.rate(sample_rate), layout="mono")
    assert isinstance(stream, av.AudioStream)  # noqa: S101  # true for every audio codec
    stream.format = kind.sample_format
    if kind.kbit_rate is not None:
        stream.bit_rate = kind.kbit_rate * 1000
    for block in blocks:
        for start in range(0, len(block), _BLOCK):
            frame = av.AudioFrame.from_ndarray(
                block[np.newaxis, start : start + _BLOCK], format="flt", layout="mono"
            )
            frame.sample_rate = sample_rate
            container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
