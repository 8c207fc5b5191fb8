"""File headers that ffmpeg does not report or trusts too much: WAV, MP4 and MP3."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_CHUNK_HEADER = 8
_MOST_CHUNKS = 100
_PLACEHOLDER_BYTES = 0x7FFF_0000
"""WAV lengths from here on are placeholders for an unknown length, such as 0x7FFFF000 and 0xFFFFFFFF."""
_XING_BYTES = 2048
"""Bytes to search: the tag is in the first frame, which is shorter than this."""
_MPEG_1_HZ = 32_000
_ID3_HEADER = 10
_ID3 = re.compile(rb"ID3[\2-\4]\0[\0-\xff]([\0-\x7f]{4})")


@dataclass(frozen=True)
class WavData:
    """The data chunk of a WAV file."""

    claimed_bytes: int | None
    """None if the writer did not know the length."""
    present_bytes: int
    bytes_per_second: int
    ends_in_a_chunk: bool
    """Whether the claimed end is plausible: the file ends or another chunk begins there."""

    @property
    def claimed_seconds(self) -> float | None:
        """Duration that the header claims."""
        if self.claimed_bytes is None or not self.bytes_per_second:
            return None
        return self.claimed_bytes / self.bytes_per_second


def wav_data(source: Path | bytes) -> WavData | None:
    """Find the data chunk of a WAV file; None if there is none or the file is not a WAV file."""
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
    """Whether a chunk begins at ``at``, or the file ends within a few bytes."""
    if size - at <= _CHUNK_HEADER:
        return True
    for begin in (at, at + 1):  # some writers leave out the padding byte
        header = read_at(source, begin, _CHUNK_HEADER)
        name, length = header[:4], int.from_bytes(header[4:8], "little")
        if name.isascii() and name.decode().isprintable() and begin + length <= size:
            return True
    return False


def is_cut_mp4(source: Path | bytes) -> bool:
    """Whether this is an MP4 or M4A file without its index (``moov``), which recorders write last."""
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
    """Return ``size`` bytes of a file, or fewer at its end."""
    if isinstance(source, bytes):
        return source[at : at + size]
    with source.open("rb") as file:
        file.seek(at, os.SEEK_SET)
        return file.read(size)


def mp3_seconds(source: Path | bytes, sample_rate: int) -> float | None:
    """Return the duration in an MP3 file's Xing or Info tag; None without one."""
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
    """Return an MP3 file without inner ID3 tags, as concatenation leaves them; None if there are none.

    ffmpeg would search the tags for audio frames, and finds false ones in embedded pictures.
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
    """Whether ``data`` begins with the sync word of an MPEG audio frame."""
    return data[:1] == b"\xff" and data[1:2] >= b"\xe0"


def _synchsafe(data: bytes) -> int:
    return sum((byte & 0x7F) << shift for byte, shift in zip(data, (21, 14, 7, 0), strict=True))
