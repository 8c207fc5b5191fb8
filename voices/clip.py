"""A clip: recorded speech, decoded from whatever container it came in, within bounds."""

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from voices.channels import fold, mix
from voices.clipping import FlatTops
from voices.errors import InvalidClip

Samples = npt.NDArray[np.float32]

CLIP_SAMPLE_RATE = 24_000
"""Hz. S3Gen's own rate, so that the stored reference is resampled once and never again."""

_INT16_STEPS = np.float32(2**15)

_LOUDEST = np.float32(16)
"""+24 dBFS: a floating-point recording may exceed full scale, but not by more than a mistake."""

_FORMATS = (
    "wav,w64,aiff,au,caf,flac,ogg,mp3,aac,mov,mp4,m4a,matroska,webm,avi,flv,mpegts,mpeg,asf,amr,ac3,eac3,dts,"
    "wv,ape,tta,nistsphere,voc,gsm,g722,sln"
)
"""ffmpeg's names of the containers that recordings come in; of 300 more some are playlists."""


@dataclass(frozen=True, eq=False)
class Source:
    """What a clip was decoded from."""

    name: str
    """The file's name; "the clip" where it had none."""
    codec: str
    sample_rate: int
    channels: int
    peak: float
    """Of its own samples, 1 being full scale; more is possible in floating point."""
    clipped: Samples
    """Share of clipped samples, 0 to 1, in each frame of 20 ms."""


@dataclass(frozen=True, eq=False)
class Clip:
    """Mono speech: ``samples`` (n,) float32 in [-1, 1], at ``sample_rate`` Hz."""

    samples: Samples
    sample_rate: int = CLIP_SAMPLE_RATE
    source: Source | None = None
    """None when it was not decoded from a file."""

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


@dataclass(frozen=True)
class DecodeLimits:
    """What a file may cost, whatever it claims: it may have been made to exhaust the machine."""

    file_bytes: int = 200 * 1024 * 1024
    clip_seconds: float = 600.0
    """Counted in decoded samples: an hour of silence takes a few kilobytes. A voice needs 15 s."""
    decode_seconds: float = 30.0
    """Wall-clock time; ten minutes of Opus take two."""
    sample_rates: tuple[int, int] = (4_000, 384_000)
    """Hz. At 1 Hz a small packet would become hours of samples."""
    channels: int = 16


DECODE_LIMITS = DecodeLimits()


def decode_clip(
    source: Path | bytes,
    sample_rate: int = CLIP_SAMPLE_RATE,
    *,
    limits: DecodeLimits = DECODE_LIMITS,
    clock: Callable[[], float] = time.monotonic,
) -> Clip:
    """Decode the first audio stream of a file to mono at ``sample_rate`` Hz.

    Any common container and codec. Raises ``InvalidClip`` when it is empty, beyond the limits,
    damaged, or not audio; its ``reason`` says which. What ffmpeg itself allocates is not bounded:
    files of strangers are for ``voices.untrusted``.
    """
    deadline = clock() + limits.decode_seconds

    def check_time() -> None:
        if clock() > deadline:
            raise _too_slow(limits)

    opened = _open_bounded(source, limits)
    decoder = _Decoder(sample_rate, limits, source.name if isinstance(source, Path) else "the clip")
    try:
        # The whitelists keep playlists and other indirections from opening what they name.
        options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
        with av.open(opened, "r", options=options, timeout=limits.decode_seconds) as container:
            if not container.streams.audio:
                raise InvalidClip("The clip has no audio track.", reason="no_audio_track")
            stream = container.streams.audio[0]
            # All streams' packets, so that the time is checked between those of the others too.
            for packet in container.demux():
                check_time()
                if packet.stream_index != stream.index:
                    continue
                for frame in stream.decode(packet):
                    check_time()
                    decoder.add(frame, stream.codec_context.name)
    except av.error.ExitError as error:  # its own clock, which runs while it opens and reads
        raise _too_slow(limits) from error
    except (av.FFmpegError, ValueError) as error:
        raise InvalidClip(
            "The clip could not be decoded: it is damaged, or not an audio file.", reason="not_audio"
        ) from error
    return decoder.finish()


def _too_slow(limits: DecodeLimits) -> InvalidClip:
    return InvalidClip(
        f"The clip takes longer than {limits.decode_seconds:.0f} s to decode: "
        "save 10 to 15 seconds of it as WAV or FLAC.",
        reason="too_slow",
    )


def _open_bounded(source: Path | bytes, limits: DecodeLimits) -> str | io.BytesIO:
    """Return what PyAV opens, after the checks that need no decoding."""
    if isinstance(source, bytes):
        size = len(source)
    else:
        if not source.is_file():
            raise InvalidClip(f"There is no clip at {source}.", reason="no_file")
        size = source.stat().st_size
    if size == 0:
        raise InvalidClip("The clip is empty (0 bytes).", reason="empty")
    if size > limits.file_bytes:
        raise InvalidClip(
            f"The clip is larger than {limits.file_bytes >> 20} MB: cut out 10 to 15 seconds of it.",
            reason="too_large",
        )
    # The "file:" protocol keeps a name such as "http:x.wav" from being read as a URL.
    return io.BytesIO(source) if isinstance(source, bytes) else f"file:{source}"


class _Decoder:
    """Takes frames as they come and keeps no more of them than two channels at the final rate."""

    def __init__(self, sample_rate: int, limits: DecodeLimits, name: str) -> None:
        self._sample_rate = sample_rate
        self._limits = limits
        self._name = name
        self._form: tuple[str, int, int] | None = None
        self._resampler: Any = None
        self._rows = 0
        self._blocks: list[Samples] = []
        self._decoded = 0
        self._peak = 0.0

    def add(self, frame: Any, codec: str) -> None:
        """Take a decoded frame; raises ``InvalidClip`` once it is too much."""
        form = (codec, frame.sample_rate, len(frame.layout.channels))
        if self._form is None:
            self._start(form)
        elif form != self._form:
            raise InvalidClip(
                "The clip changes its sample rate or its channels midway: save it anew as WAV or FLAC.",
                reason="not_audio",
            )
        for planar in self._to_planar.resample(frame):
            planes: Samples = np.clip(
                np.nan_to_num(planar.to_ndarray().astype(np.float32)), -_LOUDEST, _LOUDEST
            )
            rows = fold(planes, [channel.name for channel in frame.layout.channels])
            if self._resampler is None:
                self._rows = len(rows)
                self._resampler = soxr.ResampleStream(
                    frame.sample_rate, self._sample_rate, len(rows), dtype="float32"
                )
            self._peak = max(self._peak, float(np.abs(rows).max(initial=0)))
            self._flat_tops.add(rows)
            self._keep(self._resampler.resample_chunk(np.ascontiguousarray(rows.T)))

    def _start(self, form: tuple[str, int, int]) -> None:
        codec, rate, channels = form
        slowest, fastest = self._limits.sample_rates
        if not slowest <= rate <= fastest or not 1 <= channels <= self._limits.channels:
            raise InvalidClip(
                f"The clip claims {rate} Hz and {channels} channels, which no recording of speech has.",
                reason="not_audio",
            )
        self._form = form
        self._to_planar = av.AudioResampler(format="fltp")
        self._flat_tops = FlatTops(rate, is_float=codec.startswith("pcm_f"))

    def _keep(self, block: Samples) -> None:
        self._blocks.append(block)
        self._decoded += len(block)
        if self._decoded > self._limits.clip_seconds * self._sample_rate:
            raise InvalidClip(
                f"The clip is longer than {self._limits.clip_seconds / 60:.0f} minutes: "
                "cut out 10 to 15 seconds of clear speech.",
                reason="too_long",
            )

    def finish(self) -> Clip:
        """Return all of it, mixed to mono; louder than full scale, it is made quieter, not clipped."""
        if self._resampler is not None:
            tail = np.zeros((0, self._rows), np.float32)
            self._keep(self._resampler.resample_chunk(tail, last=True))
        if self._form is None or not self._decoded:
            raise InvalidClip(
                "The clip holds no audio: record 10 to 15 seconds of clear speech.", reason="empty"
            )
        samples = mix(np.concatenate(self._blocks).T)
        codec, rate, channels = self._form
        source = Source(self._name, codec, rate, channels, self._peak, self._flat_tops.share_per_frame())
        loudest = np.float32(max(np.abs(samples).max(), 1))
        return Clip(samples / loudest, self._sample_rate, source)
