"""WAV files that play while they are being received."""

import struct

from typing_extensions import override

from voices.clips.clip import Samples
from worker.audio.encoders.pcm import PcmEncoder

WAV_HEADER_BYTES = 44
_BYTES_PER_SAMPLE = 2
_STREAMED_SIZE = 0xFFFF_FFFF
"""Players read this as "until the end", for an unknown length."""


class WavEncoder(PcmEncoder):
    """A WAV file whose header comes first and leaves the length open."""

    def __init__(self, sample_rate: int) -> None:
        self._header = wav_header(sample_rate)

    @override
    def encode(self, samples: Samples) -> bytes:
        header, self._header = self._header, b""
        return header + super().encode(samples)

    @override
    def flush(self) -> bytes:
        header, self._header = self._header, b""
        return header


def wav_header(sample_rate: int, data_bytes: int | None = None) -> bytes:
    """Return the 44-byte header of mono 16-bit samples; without ``data_bytes``, of a stream of any length."""
    data = _STREAMED_SIZE if data_bytes is None else data_bytes
    riff = _STREAMED_SIZE if data_bytes is None else data_bytes + WAV_HEADER_BYTES - 8
    byte_rate = sample_rate * _BYTES_PER_SAMPLE
    layout = struct.pack("<IHHIIHH", 16, 1, 1, sample_rate, byte_rate, _BYTES_PER_SAMPLE, 16)
    return b"RIFF" + struct.pack("<I", riff) + b"WAVEfmt " + layout + b"data" + struct.pack("<I", data)
