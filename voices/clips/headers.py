"""Headers: what a recording's file says of itself, where ffmpeg does not tell, or believes too much."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_CHUNK_HEADER = 8
_MOST_CHUNKS = 100
_PLACEHOLDER_BYTES = 0x7FFF_0000
"""From here on a WAV file's length is what programs write that do not know it: 0x7FFFF000, 0xFFFFFFFF."""
_XING_BYTES = 2048
"""The tag is in the first frame, which is shorter."""
_MPEG_1_HZ = 32_000
_ID3_HEADER = 10
_ID3 = re.compile(rb"ID3[\2-\4]\0[\0-\xff]([\0-\x7f]{4})")


@dataclass(frozen=True)
class WavData:
    """The data chunk of a WAV file."""

    claimed_bytes: int | None
    """None where whoever wrote it did not know."""
    present_bytes: int
    bytes_per_second: int
    ends_in_a_chunk: bool
    """Whether behind the claimed end there is what may be there: nothing, or another chunk."""

    @property
    def claimed_seconds(self) -> float | None:
        """How long the sound is said to be."""
        if self.claimed_bytes is None or not self.bytes_per_second:
            return None
        return self.claimed_bytes / self.bytes_per_second


def wav_data(source: Path | bytes) -> WavData | None:
    """Find the data chunk of a WAV file; None where there is none, or it is no WAV file."""
    head, size = read_at(source, 0, 12), size_of(source)
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    at, bytes_per_second = 12, 0
    for _ in range(_MOST_CHUNKS):
        header = read_at(source, at, _CHUNK_HEADER + 16)
        if len(header) < _CHUNK_HEADER:
            return None
        length = int.from_bytes(header[4:8], "little")
        begin = at + _CHUNK_HEADER
        if header[:4] == b"fmt ":
            bytes_per_second = int.from_bytes(header[16:20], "little")
        if header[:4] == b"data":
            claimed = None if length >= _PLACEHOLDER_BYTES or not length else length
            return WavData(claimed, size - begin, bytes_per_second, _is_chunk(source, begin + length, size))
        at = begin + length + length % 2
    return None


def _is_chunk(source: Path | bytes, at: int, size: int) -> bool:
    """Whether a chunk begins there, or next to nothing does."""
    if size - at <= _CHUNK_HEADER:
        return True
    for begin in (at, at + 1):  # some leave out the byte that makes a length even
        header = read_at(source, begin, _CHUNK_HEADER)
        name, length = header[:4], int.from_bytes(header[4:8], "little")
        if name.isascii() and name.decode().isprintable() and begin + length <= size:
            return True
    return False


def is_cut_mp4(source: Path | bytes) -> bool:
    """Whether it is an MP4 or M4A file without its index (``moov``), which recorders write last."""
    if read_at(source, 4, 4) != b"ftyp":
        return False
    at, size = 0, size_of(source)
    for _ in range(_MOST_CHUNKS):
        header = read_at(source, at, 16)
        if len(header) < _CHUNK_HEADER:
            return True
        if header[4:8] == b"moov":
            return at + int.from_bytes(header[:4], "big") > size
        length = int.from_bytes(header[:4], "big")
        at += int.from_bytes(header[8:16], "big") if length == 1 else length or size
    return False


def size_of(source: Path | bytes) -> int:
    """Return a file's size in bytes."""
    return len(source) if isinstance(source, bytes) else source.stat().st_size


def read_at(source: Path | bytes, at: int, size: int) -> bytes:
    """Return so many bytes of a file, or fewer where it ends."""
    if isinstance(source, bytes):
        return source[at : at + size]
    with source.open("rb") as file:
        file.seek(at, os.SEEK_SET)
        return file.read(size)


def mp3_seconds(source: Path | bytes, sample_rate: int) -> float | None:
    """Return how long an MP3 file says that it is, in its Xing or Info tag; None without one."""
    at, head = 0, read_at(source, 0, _ID3_HEADER)
    if head[:3] == b"ID3":
        at = _ID3_HEADER + _synchsafe(head[6:])
    head = read_at(source, at, _XING_BYTES)
    tag = max(head.find(b"Xing"), head.find(b"Info"))
    if tag < 0 or not int.from_bytes(head[tag + 4 : tag + 8], "big") & 1:
        return None
    frames = int.from_bytes(head[tag + 8 : tag + 12], "big")
    return frames * (1152 if sample_rate >= _MPEG_1_HZ else 576) / sample_rate


def without_inner_tags(source: Path | bytes) -> bytes | None:
    """Return an MP3 file without the ID3 tags inside, as where files were joined; None where there are none.

    ffmpeg looks for frames in them, and in the pictures that they hold it finds some.
    """
    head = read_at(source, 0, _ID3_HEADER)
    if head[:3] != b"ID3" and not _is_frame(head):
        return None
    data = source if isinstance(source, bytes) else source.read_bytes()
    parts, done = [], 0
    for tag in _ID3.finditer(data, 1):
        end = tag.end() + _synchsafe(tag[1])
        if tag.start() >= max(done, 1) and _is_frame(data[end : end + 2]):
            parts.append(data[done : tag.start()])
            done = end
    return b"".join([*parts, data[done:]]) if parts else None


def _is_frame(data: bytes) -> bool:
    """Whether an MPEG audio frame may begin like this."""
    return data[:1] == b"\xff" and data[1:2] >= b"\xe0"


def _synchsafe(data: bytes) -> int:
    return sum((byte & 0x7F) << shift for byte, shift in zip(data, (21, 14, 7, 0), strict=True))
