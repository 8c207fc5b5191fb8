"""Audio encoders, all incremental: one encoder lives as long as its request.

An encoder takes mono float32 samples at its own sample rate and returns bytes; all of them,
joined, are one playable file.
"""

import struct
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

import av
import numpy as np
import numpy.typing as npt
from typing_extensions import override

from voices.clip import Samples

_INT16_MAX = 32_767
WAV_HEADER_BYTES = 44
_BYTES_PER_SAMPLE = 2
_STREAMED_SIZE = 0xFFFF_FFFF
"""Players take this for "until the end" where the length is not known yet."""
_MP3_BITS_PER_SECOND = 64_000
"""Clear for mono speech, and the most that MPEG-2.5's low rates can have."""


class AudioEncoder(Protocol):
    """Samples in, bytes out."""

    def encode(self, samples: Samples) -> bytes:
        """Return what can be written so far, which may be nothing."""
        ...

    def flush(self) -> bytes:
        """Return the rest of the file; nothing can be encoded afterwards."""
        ...


class PcmEncoder(AudioEncoder):
    """Raw 16-bit little-endian samples."""

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate

    @override
    def encode(self, samples: Samples) -> bytes:
        return to_int16(samples).tobytes()

    @override
    def flush(self) -> bytes:
        return b""


class WavEncoder(PcmEncoder):
    """A WAV file whose header comes first and leaves the length open, so that it plays while it arrives."""

    def __init__(self, sample_rate: int) -> None:
        super().__init__(sample_rate)
        self._header = wav_header(sample_rate)

    @override
    def encode(self, samples: Samples) -> bytes:
        header, self._header = self._header, b""
        return header + super().encode(samples)

    @override
    def flush(self) -> bytes:
        header, self._header = self._header, b""
        return header


class Mp3Encoder(AudioEncoder):
    """MPEG audio layer III at a constant bit rate, by LAME."""

    def __init__(self, sample_rate: int) -> None:
        self._codec = av.AudioCodecContext.create("libmp3lame", "w")
        self._codec.sample_rate = sample_rate
        self._codec.layout = "mono"
        self._codec.format = "fltp"
        self._codec.bit_rate = _MP3_BITS_PER_SECOND
        self._sample_rate = sample_rate

    @override
    def encode(self, samples: Samples) -> bytes:
        if not samples.size:
            return b""
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = self._sample_rate
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))

    @override
    def flush(self) -> bytes:
        return b"".join(bytes(packet) for packet in self._codec.encode(None))


@dataclass(frozen=True)
class AudioFormat:
    """A format that a request can ask for."""

    mime: str
    sample_rates: Collection[int]
    """Hz that it can have."""
    encoder: Callable[[int], AudioEncoder]
    """Makes an encoder for a sample rate."""


FORMATS = {
    "pcm": AudioFormat("audio/pcm", range(8_000, 48_001), PcmEncoder),
    "wav": AudioFormat("audio/wav", range(8_000, 48_001), WavEncoder),
    "mp3": AudioFormat(
        "audio/mpeg",
        (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
        Mp3Encoder,
    ),
}


def to_int16(samples: Samples) -> npt.NDArray[np.int16]:
    """Scale to 16 bits, clipping what is louder than full scale."""
    scaled: npt.NDArray[np.int16] = np.round(np.clip(samples, -1.0, 1.0) * _INT16_MAX).astype("<i2")
    return scaled


def wav_header(sample_rate: int, data_bytes: int | None = None) -> bytes:
    """Return the 44 bytes before mono 16-bit samples; without ``data_bytes``, for a stream of any length."""
    data = _STREAMED_SIZE if data_bytes is None else data_bytes
    riff = _STREAMED_SIZE if data_bytes is None else data_bytes + WAV_HEADER_BYTES - 8
    byte_rate = sample_rate * _BYTES_PER_SAMPLE
    layout = struct.pack("<IHHIIHH", 16, 1, 1, sample_rate, byte_rate, _BYTES_PER_SAMPLE, 16)
    return b"RIFF" + struct.pack("<I", riff) + b"WAVEfmt " + layout + b"data" + struct.pack("<I", data)
