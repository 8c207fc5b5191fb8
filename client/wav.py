"""WAV files that were streamed: their header was sent before their length was known."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

HEADER_BYTES = 44
OPEN_LENGTH = 0xFFFF_FFFF


def close_wav_header(file: BinaryIO) -> None:
    """Write the length into a streamed WAV file's header; any other file is left as it is."""
    length = file.seek(0, io.SEEK_END)
    file.seek(0)
    header = file.read(HEADER_BYTES)
    is_open = header[:4] == b"RIFF" and header[36:40] == b"data" and header[40:] == _size(OPEN_LENGTH)
    if not is_open:
        return
    file.seek(4)
    file.write(_size(length - 8))
    file.seek(40)
    file.write(_size(length - HEADER_BYTES))


def _size(value: int) -> bytes:
    return struct.pack("<I", value)
