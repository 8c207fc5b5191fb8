"""Decoding of audio files in any common container, within limits; damage costs only the damaged part."""

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from voices.clips.clip import CLIP_SAMPLE_RATE, Clip
from voices.clips.frames import Assembly
from voices.clips.headers import WavData, is_cut_mp4, mp3_seconds, wav_data, without_inner_tags
from voices.clips.losses import EXACT_SECONDS, TOLERANCE_SECONDS, Losses
from voices.errors import DecoderFailure, InvalidClip

_FORMATS = (
    "wav,w64,aiff,au,caf,flac,ogg,mp3,aac,mov,mp4,m4a,matroska,webm,avi,flv,mpegts,mpeg,asf,amr,ac3,eac3,dts,"
    "wv,ape,tta,nistsphere,voc,gsm,g722,sln"
)
"""ffmpeg's names of the allowed containers. Its other 300 formats include playlists."""
_TELL_THEIR_LENGTH = {"flac", "ogg", "aiff", "w64", "mov,mp4,m4a,3gp,3g2,mj2"}
"""Containers that store their duration; for the others ffmpeg guesses it from the file's size."""
_GAPLESS = {"flac", "ogg", "wav", "mp3", "aac"}
_EXACT = {"flac", "aiff", "w64", "wav"}
_FAILED_READS = 20
"""Consecutive failed reads after which the rest of the file is skipped."""


@dataclass(frozen=True)
class DecodeLimits:
    """Resource limits for one untrusted file."""

    file_bytes: int = 200 * 1024 * 1024
    clip_seconds: float = 600.0
    """Counted in decoded samples, because an hour of silence takes a few kilobytes. A voice needs 15 s."""
    decode_seconds: float = 30.0
    """Measured by ``clock``; ten minutes of Opus take two seconds."""
    sample_rates: tuple[int, int] = (4_000, 384_000)
    """Hz, minimum and maximum. At 1 Hz a small packet would become hours of samples."""
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

    A damaged file is decoded as far as possible; ``source.lost_seconds`` tells how much is missing. Raises
    ``InvalidClip``, with a ``reason``, if the file is empty, over a limit, mostly damaged or not audio, and
    ``DecoderFailure`` if ffmpeg got too little CPU time. ffmpeg's own allocations are not bounded: use
    ``voices.clips.untrusted`` for untrusted files.
    """
    deadline = clock() + limits.decode_seconds

    def check_time() -> None:
        if clock() >= deadline:
            raise too_slow(limits)

    size = _check_file(source, limits)
    wav = wav_data(source)
    assembly = Assembly(sample_rate, source.name if isinstance(source, Path) else "the clip")
    if (cleaned := without_inner_tags(source)) is not None:
        source, size = cleaned, len(cleaned)
    try:
        with av.open(_opened(source), "r", options=_options(wav), timeout=limits.decode_seconds) as container:
            decoding = _Decoding(container, assembly, limits, size)
            for packet in _packets(container, check_time):
                decoding.take(packet, check_time)
            decoding.flush(check_time)
            return decoding.finish(_claimed_seconds(container, decoding.stream, source, wav))
    except av.error.ExitError as error:  # av.open's own timeout, in wall-clock time
        check_time()
        raise DecoderFailure("this machine is too busy to decode it in time") from error
    except (av.FFmpegError, ValueError) as error:
        raise _unreadable(source) from error


class _Decoding:
    """The decoding of one audio stream of a file."""

    def __init__(self, container: Any, assembly: Assembly, limits: DecodeLimits, size: int) -> None:
        self.stream = _sound_of(container)
        name = container.format.name
        self._is_gapless = name in _GAPLESS
        self._assembly = assembly
        self._limits = limits
        self._losses = Losses(size, EXACT_SECONDS if name in _EXACT else TOLERANCE_SECONDS)

    def take(self, packet: Any, check_time: Callable[[], None]) -> None:
        """Decode a packet; packets of other streams are only counted."""
        if packet.stream.index == self.stream.index and not self._decode(packet, check_time):
            self._losses.failed(packet.size, float((packet.duration or 0) * packet.time_base))
        else:
            self._losses.read(packet.size)

    def flush(self, check_time: Callable[[], None]) -> None:
        """Drain the decoder; call it once, at the end."""
        self._decode(None, check_time)

    def finish(self, claimed: float | None) -> Clip:
        """Return the clip; raises ``InvalidClip`` if too little of it could be read."""
        heard, lost = self._assembly.seconds, self._losses.seconds(claimed)
        if not heard and self._losses.some_failed:
            raise ValueError("no packet could be decoded")
        if not heard:
            raise InvalidClip(
                "The clip holds no audio: record 10 to 15 seconds of clear speech.", reason="empty"
            )
        if self._losses.is_mostly_damaged(claimed, is_gapless=self._is_gapless):
            raise InvalidClip(
                f"The clip is damaged: only {heard:.1f} s of it could be read. "
                "Copy the file again, or record again.",
                reason="damaged",
            )
        return self._assembly.finish(lost)

    def _decode(self, packet: Any, check_time: Callable[[], None]) -> bool:
        """Decode a packet, or drain the decoder with None; returns whether that succeeded."""
        codec = self.stream.codec_context.name
        try:
            for frame in self.stream.decode(packet):
                check_time()
                self._check(frame)
                self._assembly.add(frame, codec)
                start = None if frame.pts is None else float(frame.pts * frame.time_base)
                self._losses.heard(start, frame.samples / frame.sample_rate)
        except (av.error.ExitError, av.error.MemoryError):
            raise
        except av.FFmpegError:  # the type depends on the codec and on the damage
            return False
        return True

    def _check(self, frame: Any) -> None:
        rate, channels = frame.sample_rate, len(frame.layout.channels)
        slowest, fastest = self._limits.sample_rates
        if not slowest <= rate <= fastest or not 1 <= channels <= self._limits.channels:
            raise InvalidClip(
                f"The clip claims {rate} Hz and {channels} channels, which is not plausible for speech.",
                reason="not_audio",
            )
        if self._assembly.seconds + frame.samples / rate > self._limits.clip_seconds:
            raise InvalidClip(
                f"The clip is longer than {self._limits.clip_seconds / 60:.0f} minutes: "
                "cut out 10 to 15 seconds of clear speech.",
                reason="too_long",
            )


def _sound_of(container: Any) -> Any:
    """Return the first decodable audio stream; pictures, text and other audio streams are ignored."""
    sounds = container.streams.audio
    for stream in sounds:
        if stream.codec_context is not None:
            return stream
    if sounds:
        raise InvalidClip(
            "The clip's audio codec is not supported: save the clip as WAV or FLAC.",
            reason="not_audio",
        )
    raise InvalidClip("The clip has no audio track.", reason="no_audio_track")


def _packets(container: Any, check_time: Callable[[], None]) -> Iterator[Any]:
    """Yield the packets of all streams, so that the time limit holds for streams that are not decoded.

    Empty packets are skipped, because they would flush the decoder. After an unreadable place, reading
    continues.
    """
    failed = 0
    while failed < _FAILED_READS:
        try:
            for packet in container.demux():
                check_time()
                if packet.size:
                    failed = 0
                    yield packet
        except av.error.InvalidDataError:
            check_time()
            failed += 1
        else:
            return


def _claimed_seconds(container: Any, stream: Any, source: Path | bytes, wav: WavData | None) -> float | None:
    """Return the audio duration that the file claims; None if it claims none."""
    name = container.format.name
    if wav is not None:
        return wav.claimed_seconds
    if name == "mp3":
        return mp3_seconds(source, stream.codec_context.sample_rate)
    if name in _TELL_THEIR_LENGTH and stream.duration is not None:
        return float(stream.duration * stream.time_base)
    if name == "matroska,webm" and len(container.streams) == 1 and container.duration is not None:
        return float(container.duration) / av.time_base
    return None


def _options(wav: WavData | None) -> dict[str, str]:
    # The whitelists prevent playlists and other indirections from opening other files or URLs.
    options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
    if wav is not None and not wav.ends_in_a_chunk:  # an interrupted recorder did not correct the length
        options["ignore_length"] = "1"
    return options


def _check_file(source: Path | bytes, limits: DecodeLimits) -> int:
    """Make the checks that need no decoding, and return the file's size in bytes."""
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
    return size


def _opened(source: Path | bytes) -> str | io.BytesIO:
    # With the "file:" protocol a name such as "http:x.wav" is not taken for a URL.
    return io.BytesIO(source) if isinstance(source, bytes) else f"file:{source}"


def too_slow(limits: DecodeLimits) -> InvalidClip:
    """Return the error for a clip that exceeds the time limit."""
    return InvalidClip(
        f"The clip takes longer than {limits.decode_seconds:.0f} s to decode: "
        "save 10 to 15 seconds of it as WAV or FLAC.",
        reason="too_slow",
    )


def _unreadable(source: Path | bytes) -> InvalidClip:
    if is_cut_mp4(source):
        return InvalidClip(
            "The clip was cut short: the index at the end of an MP4 or M4A file (moov) is missing, and "
            "without it nothing can be decoded. Copy the file again, or record again as WAV or MP3.",
            reason="not_audio",
        )
    return InvalidClip(
        "The clip could not be decoded: it is damaged, or not an audio file.", reason="not_audio"
    )
