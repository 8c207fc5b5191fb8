"""A clip: recorded speech as samples, with its source."""

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soundfile

Samples = npt.NDArray[np.float32]

CLIP_SAMPLE_RATE = 24_000
"""Hz. S3Gen's own rate, so that a reference clip is resampled only once."""

_INT16_STEPS = np.float32(2**15)


@dataclass(frozen=True, eq=False)
class Source:
    """The file that a clip was decoded from."""

    name: str
    """The file's name; "the clip" without one."""
    codec: str
    sample_rate: int
    channels: int
    peak: float
    """Peak of the file's own samples; 1 is full scale, and floating point may exceed it."""
    clipped: Samples
    """Share of clipped samples, 0 to 1, in each frame of 20 ms."""
    lost_seconds: float = 0.0
    """Duration of the audio that is missing or could not be decoded."""


@dataclass(frozen=True, eq=False)
class Clip:
    """Mono speech: ``samples`` (n,) float32 in [-1, 1], at ``sample_rate`` Hz."""

    samples: Samples
    sample_rate: int = CLIP_SAMPLE_RATE
    source: Source | None = None
    """None if the clip was not decoded from a file."""

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.samples) / self.sample_rate

    def quantised(self) -> "Clip":
        """Return exactly the samples that decoding ``to_flac()`` would give."""
        return Clip(self._int16().astype(np.float32) / _INT16_STEPS, self.sample_rate)

    def to_flac(self) -> bytes:
        """Encode as 16-bit FLAC."""
        buffer = io.BytesIO()
        soundfile.write(buffer, self._int16(), self.sample_rate, format="FLAC", subtype="PCM_16")
        return buffer.getvalue()

    def _int16(self) -> npt.NDArray[np.int16]:
        steps: Samples = np.round(self.samples * _INT16_STEPS)
        clipped: Samples = np.clip(steps, -_INT16_STEPS, _INT16_STEPS - 1)
        return clipped.astype(np.int16)
