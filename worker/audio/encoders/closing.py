"""Writes the length into a file header that streaming had to leave open."""

import io
from typing import BinaryIO

from worker.audio.encoders.wav import WAV_HEADER_BYTES, wav_header

_FLAC_TOTAL_AT = 21
"""Byte offset of five bytes that end with the 36 bits of FLAC's sample count (RFC 9639, 8.2)."""


def close_file(opened: BinaryIO, name: str, sample_rate: int, samples: int) -> None:
    """Write the length into a WAV or FLAC file; other formats store no length."""
    size = opened.seek(0, io.SEEK_END)
    opened.seek(0)
    match name:
        case "wav":
            opened.write(wav_header(sample_rate, size - WAV_HEADER_BYTES))
        case "flac":
            opened.seek(_FLAC_TOTAL_AT)
            field = int.from_bytes(opened.read(5), "big")
            opened.seek(_FLAC_TOTAL_AT)
            opened.write((field + samples).to_bytes(5, "big"))
