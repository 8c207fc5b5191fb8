"""Saving a request's audio to a file, which appears once it is complete."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

from chatterpod.errors import ResultElsewhere

# The client's only import from voices/; that module needs nothing but Python.
from voices.whole_file import WholeFile

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from chatterpod.stream import SpeechStream


HEADER_BYTES = 44
OPEN_LENGTH = 0xFFFF_FFFF


def close_wav_header(file: BinaryIO) -> None:
    """Write the length into a streamed WAV file's header; leave any other file as it is."""
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


_TOTAL_AT = 21
"""Byte offset in the file: magic word, block header and 13 bytes of STREAMINFO come before (RFC 9639, 8.2).
"""
_TOTAL_BITS = 36
"""Bits of the five bytes there that hold the total; the upper four belong to the bits per sample."""


def close_flac_header(file: BinaryIO, samples: int) -> None:
    """Write the number of samples into a streamed FLAC file's header; leave any other file as it is."""
    file.seek(0)
    header = file.read(_TOTAL_AT + 5)
    field = int.from_bytes(header[_TOTAL_AT:], "big")
    is_open = header[:4] == b"fLaC" and len(header) == _TOTAL_AT + 5 and field % (1 << _TOTAL_BITS) == 0
    if is_open and samples < 1 << _TOTAL_BITS:
        file.seek(_TOTAL_AT)
        file.write((field + samples).to_bytes(5, "big"))


class AudioFile(WholeFile):
    """Receives a request's audio; a context manager that deletes the file on exit unless it was completed."""

    def __init__(self, path: Path | str, stream: SpeechStream) -> None:
        super().__init__(path)
        self._stream = stream

    def complete(self) -> None:
        """Write the length into a header that left it open, and publish the file.

        Raise ResultElsewhere if the audio was requested in one event and is too large for it.
        """
        if self.file.closed:
            return
        start, end = self._stream.start, self._stream.end
        if end is not None and not end.chunks and "result" in end.extra:
            raise ResultElsewhere(end.extra["result"])
        close_wav_header(self.file)
        if start is not None and end is not None:
            close_flac_header(self.file, round(end.audio_seconds * start.sample_rate))
        super().complete()
