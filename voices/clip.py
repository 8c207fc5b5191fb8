"""A clip: recorded speech, decoded from whatever container it came in."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import soundfile

from voices.errors import InvalidClip

Samples = npt.NDArray[np.float32]

CLIP_SAMPLE_RATE = 24_000
"""Hz. S3Gen's own rate, so that the stored reference is resampled once and never again."""

_INT16_STEPS = np.float32(2**15)

MAX_FILE_BYTES = 200 * 1024 * 1024
MAX_SECONDS = 600.0
"""Longer recordings are refused while they are being decoded: a voice needs 10 to 15 s."""


@dataclass(frozen=True, eq=False)
class Clip:
    """Mono speech: ``samples`` (n,) float32 in [-1, 1], at ``sample_rate`` Hz."""

    samples: Samples
    sample_rate: int = CLIP_SAMPLE_RATE

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.samples) / self.sample_rate

    def quantised(self) -> "Clip":
        """Return the clip as ``to_flac`` stores it: decoded again, it is exactly this."""
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


def decode_clip(source: Path | bytes, sample_rate: int = CLIP_SAMPLE_RATE) -> Clip:
    """Decode the first audio stream of a file to mono at ``sample_rate`` Hz.

    Any container and codec that ffmpeg knows. Raises ``InvalidClip`` when it is empty, too large,
    longer than ``MAX_SECONDS``, or not audio.
    """
    blocks = list(_decoded_blocks(_open_bounded(source), sample_rate))
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    if not samples.size:
        raise InvalidClip("The clip holds no audio: record 10 to 15 seconds of clear speech.")
    return Clip(np.clip(np.nan_to_num(samples), -1.0, 1.0), sample_rate)


def _open_bounded(source: Path | bytes) -> str | io.BytesIO:
    """Return what PyAV opens, after the checks that need no decoding."""
    if isinstance(source, bytes):
        size = len(source)
    else:
        if not source.is_file():
            raise InvalidClip(f"There is no clip at {source}.")
        size = source.stat().st_size
    if size == 0:
        raise InvalidClip("The clip is empty (0 bytes).")
    if size > MAX_FILE_BYTES:
        raise InvalidClip(
            f"The clip is larger than {MAX_FILE_BYTES >> 20} MB: cut out 10 to 15 seconds of it."
        )
    # The "file:" protocol keeps a name such as "http:x.wav" from being read as a URL.
    return io.BytesIO(source) if isinstance(source, bytes) else f"file:{source}"


def _decoded_blocks(source: str | io.BytesIO, sample_rate: int) -> Iterator[Samples]:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=sample_rate)
    limit = int(MAX_SECONDS * sample_rate)
    decoded = 0
    try:
        # The whitelist keeps playlists and other indirections from opening what they name.
        with av.open(source, options={"protocol_whitelist": "file"}) as container:
            if not container.streams.audio:
                raise InvalidClip("The clip has no audio track.")
            for frame in _frames_then_end(container):
                for resampled in resampler.resample(frame):
                    block = resampled.to_ndarray()[0]
                    decoded += len(block)
                    if decoded > limit:
                        raise InvalidClip(
                            f"The clip is longer than {MAX_SECONDS / 60:.0f} minutes: "
                            "cut out 10 to 15 seconds of clear speech."
                        )
                    yield block
    except av.FFmpegError as error:
        raise InvalidClip("The clip could not be decoded: it is damaged, or not an audio file.") from error


def _frames_then_end(container: Any) -> Iterator[Any]:
    """Yield each decoded frame, then the None that makes the resampler give up its tail."""
    yield from container.decode(audio=0)
    yield None
