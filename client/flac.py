"""FLAC files that were streamed: their header was sent before their length was known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

_TOTAL_AT = 21
"""Byte of the file: a magic word, a block's header and 13 bytes of STREAMINFO come before (RFC 9639, 8.2)."""
_TOTAL_BITS = 36
"""Of the five bytes there; the upper four belong to the bits a sample."""


def close_flac_header(file: BinaryIO, samples: int) -> None:
    """Write the number of samples into a streamed FLAC file's header; any other file is left as it is."""
    file.seek(0)
    header = file.read(_TOTAL_AT + 5)
    field = int.from_bytes(header[_TOTAL_AT:], "big")
    is_open = header[:4] == b"fLaC" and len(header) == _TOTAL_AT + 5 and field % (1 << _TOTAL_BITS) == 0
    if is_open and samples < 1 << _TOTAL_BITS:
        file.seek(_TOTAL_AT)
        file.write((field + samples).to_bytes(5, "big"))
