"""Decoding: a clip out of whatever container it came in, within bounds; what is damaged costs only itself."""

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
"""ffmpeg's names of the containers that recordings come in; of 300 more some are playlists."""
_TELL_THEIR_LENGTH = {"flac", "ogg", "aiff", "w64", "mov,mp4,m4a,3gp,3g2,mj2"}
"""Of the others ffmpeg gives a length too, but guesses it from the size."""
_GAPLESS = {"flac", "ogg", "wav", "mp3", "aac"}
_EXACT = {"flac", "aiff", "w64", "wav"}
_FAILED_READS = 20
"""So many in a row, and the rest of the file is given up."""


@dataclass(frozen=True)
class DecodeLimits:
    """What a file may cost, whatever it claims: it may have been made to exhaust the machine."""

    file_bytes: int = 200 * 1024 * 1024
    clip_seconds: float = 600.0
    """Counted in decoded samples: an hour of silence takes a few kilobytes. A voice needs 15 s."""
    decode_seconds: float = 30.0
    """By the clock given; ten minutes of Opus take two."""
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

    Any common container and codec. Of a damaged file all that can be decoded is returned, and its
    source tells how much is missing. Raises ``InvalidClip`` when it is empty, beyond the limits,
    mostly damaged, or not audio; its ``reason`` says which; ``DecoderFailure`` where ffmpeg waited as long
    without computing. What ffmpeg itself allocates is not
    bounded: files of strangers are for ``voices.clips.untrusted``.
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
    except av.error.ExitError as error:  # its own clock, which runs while it opens and reads
        check_time()
        raise DecoderFailure("this machine is too busy to decode it in time") from error
    except (av.FFmpegError, ValueError) as error:
        raise _unreadable(source) from error


class _Decoding:
    """One sound of a file, as far as it was decoded."""

    def __init__(self, container: Any, assembly: Assembly, limits: DecodeLimits, size: int) -> None:
        self.stream = _sound_of(container)
        name = container.format.name
        self._is_gapless = name in _GAPLESS
        self._assembly = assembly
        self._limits = limits
        self._losses = Losses(size, EXACT_SECONDS if name in _EXACT else TOLERANCE_SECONDS)

    def take(self, packet: Any, check_time: Callable[[], None]) -> None:
        """Decode a packet; one of another stream is only counted."""
        if packet.stream.index == self.stream.index and not self._decode(packet, check_time):
            self._losses.failed(packet.size, float((packet.duration or 0) * packet.time_base))
        else:
            self._losses.read(packet.size)

    def flush(self, check_time: Callable[[], None]) -> None:
        """Take what the decoder still holds, once."""
        self._decode(None, check_time)

    def finish(self, claimed: float | None) -> Clip:
        """Return the clip; raises ``InvalidClip`` where too little of it could be read."""
        heard, lost = self._assembly.seconds, self._losses.seconds(claimed)
        if not heard and self._losses.some_failed:
            raise ValueError("nothing of it could be decoded")
        if not heard:
            raise InvalidClip(
                "The clip holds no audio: record 10 to 15 seconds of clear speech.", reason="empty"
            )
        if self._losses.is_mostly_damaged(claimed, is_gapless=self._is_gapless):
            raise InvalidClip(
                f"The clip is damaged: only {heard:.1f} s of it could be read. "
                "Copy the recording again, or record it anew.",
                reason="damaged",
            )
        return self._assembly.finish(lost)

    def _decode(self, packet: Any, check_time: Callable[[], None]) -> bool:
        """Decode a packet, or with None what is left; returns whether that could be done."""
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
        except av.FFmpegError:  # which one depends on the codec, and on the damage
            return False
        return True

    def _check(self, frame: Any) -> None:
        rate, channels = frame.sample_rate, len(frame.layout.channels)
        slowest, fastest = self._limits.sample_rates
        if not slowest <= rate <= fastest or not 1 <= channels <= self._limits.channels:
            raise InvalidClip(
                f"The clip claims {rate} Hz and {channels} channels, which no recording of speech has.",
                reason="not_audio",
            )
        if self._assembly.seconds + frame.samples / rate > self._limits.clip_seconds:
            raise InvalidClip(
                f"The clip is longer than {self._limits.clip_seconds / 60:.0f} minutes: "
                "cut out 10 to 15 seconds of clear speech.",
                reason="too_long",
            )


def _sound_of(container: Any) -> Any:
    """Return the first sound that can be decoded; beside it there may be pictures, text, other sounds."""
    sounds = container.streams.audio
    for stream in sounds:
        if stream.codec_context is not None:
            return stream
    if sounds:
        raise InvalidClip(
            "The clip's sound is in a format that cannot be decoded here: save it as WAV or FLAC.",
            reason="not_audio",
        )
    raise InvalidClip("The clip has no audio track.", reason="no_audio_track")


def _packets(container: Any, check_time: Callable[[], None]) -> Iterator[Any]:
    """Yield every stream's packets, so that the time is checked between those of the others too.

    Without the empty ones: they flush a decoder, of whatever stream they are. Where the file cannot be
    read, reading goes on behind that place.
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
    """Return how long the file says that the sound is; None where it does not."""
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
    # The whitelists keep playlists and other indirections from opening what they name.
    options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
    if wav is not None and not wav.ends_in_a_chunk:  # a recorder that was cut off had no time to correct it
        options["ignore_length"] = "1"
    return options


def _check_file(source: Path | bytes, limits: DecodeLimits) -> int:
    """Return the file's size in bytes, after the checks that need no decoding."""
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
    # The "file:" protocol keeps a name such as "http:x.wav" from being read as a URL.
    return io.BytesIO(source) if isinstance(source, bytes) else f"file:{source}"


def too_slow(limits: DecodeLimits) -> InvalidClip:
    """Return the error of a clip that takes more time than it may."""
    return InvalidClip(
        f"The clip takes longer than {limits.decode_seconds:.0f} s to decode: "
        "save 10 to 15 seconds of it as WAV or FLAC.",
        reason="too_slow",
    )


def _unreadable(source: Path | bytes) -> InvalidClip:
    if is_cut_mp4(source):
        return InvalidClip(
            "The clip was cut short: the index that an MP4 or M4A file has at its end (moov) is missing, and "
            "without it nothing can be read. Copy the file again, or record anew as WAV or MP3.",
            reason="not_audio",
        )
    return InvalidClip(
        "The clip could not be decoded: it is damaged, or not an audio file.", reason="not_audio"
    )
