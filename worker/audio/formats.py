"""The audio formats and their names.

Two naming schemes are supported: OpenAI's (``mp3``, with an optional separate sample rate) and ElevenLabs'
(``mp3_44100_128``: format, Hz and kbit/s).
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

from voices.errors import InvalidRequest
from worker.audio.encoders.base import AudioEncoder
from worker.audio.encoders.compressed import AAC, FLAC, MP3, OPUS, Codec, CompressedEncoder
from worker.audio.encoders.g711 import FRAMES_PER_SECOND, G711Encoder, Law
from worker.audio.encoders.pcm import PcmEncoder
from worker.audio.encoders.wav import WavEncoder

_NAME = re.compile(r"(?P<format>[a-z0-9]{1,10})(_(?P<rate>\d{1,6})(_(?P<kbit>\d{1,4}))?)?", re.ASCII)
_ANY_RATE = range(8_000, 48_001)
_WHOLE_FRAMES = range(8_000, 48_001, FRAMES_PER_SECOND)
_MPEG_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)


@dataclass(frozen=True)
class AudioFormat:
    """A format that a request can choose."""

    mime: str
    sample_rates: Collection[int]
    """The supported sample rates in Hz."""
    encoder: Callable[[int, int | None], AudioEncoder]
    """Creates an encoder for a sample rate and a bit rate in kbit/s."""
    kbit_rates: Callable[[int], Collection[int]] = lambda _: ()
    """The bit rates in kbit/s at a sample rate; empty if the samples alone determine it."""
    usual_kbit_rate: int | None = None
    usual_rate: int | None = None
    """Default in Hz, if it is not the engine's rate."""
    frames_per_second: int | None = None
    """Set if every event is a whole number of frames."""


@dataclass(frozen=True)
class AudioOutput:
    """A format with all its parameters: the audio of one request."""

    name: str
    """A key of ``FORMATS``."""
    sample_rate: int
    kbit_rate: int | None

    @property
    def mime(self) -> str:
        """The media type."""
        return FORMATS[self.name].mime

    @property
    def event_samples(self) -> int:
        """Every event except the last contains a multiple of this many samples."""
        frames = FORMATS[self.name].frames_per_second
        return self.sample_rate // frames if frames else 1

    def encoder(self) -> AudioEncoder:
        """Create the encoder of one request."""
        return FORMATS[self.name].encoder(self.sample_rate, self.kbit_rate)


@dataclass(frozen=True)
class FormatName:
    """A format as named by a client; parameters that the name leaves open are None."""

    format: str
    sample_rate: int | None = None
    kbit_rate: int | None = None

    @classmethod
    def parse(cls, name: str) -> "FormatName":
        """Parse ``mp3``, ``pcm_16000`` or ``mp3_44100_128``; raises ``InvalidRequest``."""
        match = _NAME.fullmatch(name)
        if match is None or match["format"] not in FORMATS:
            raise InvalidRequest(
                f"format: use one of {', '.join(FORMATS)}, alone or as in pcm_16000 and mp3_44100_128.",
                field="format",
            )
        parsed = cls(
            match["format"], *(None if match[part] is None else int(match[part]) for part in ("rate", "kbit"))
        )
        parsed._check()
        return parsed

    def output(self, sample_rate: int | None, engine_rate: int) -> AudioOutput:
        """Fill in what is open, from the request's ``sample_rate`` or else the engine's, both in Hz."""
        audio_format = FORMATS[self.format]
        rate = self.sample_rate or sample_rate or audio_format.usual_rate or engine_rate
        if rate not in audio_format.sample_rates:
            # Only the engine's rate may be unsupported by the format; the next higher rate loses nothing.
            rate = min((each for each in audio_format.sample_rates if each > rate), default=48_000)
        usual = audio_format.usual_kbit_rate
        return AudioOutput(
            self.format,
            rate,
            self.kbit_rate
            or (usual and max(each for each in audio_format.kbit_rates(rate) if each <= usual)),
        )

    def check_rate(self, sample_rate: int | None) -> None:
        """Raise ``InvalidRequest`` if the request's own sample rate is incompatible with the format."""
        if sample_rate is None:
            return
        if self.sample_rate not in {None, sample_rate}:
            raise InvalidRequest(
                f"sample_rate: {sample_rate} Hz contradicts the format, which says {self.sample_rate} Hz: "
                "leave one of them out.",
                field="sample_rate",
            )
        self._refuse_rate(sample_rate, field="sample_rate")

    def _check(self) -> None:
        if self.sample_rate is None:
            return
        self._refuse_rate(self.sample_rate, field="format")
        if self.kbit_rate is None:
            return
        known = FORMATS[self.format].kbit_rates(self.sample_rate)
        if not known:
            raise InvalidRequest(f"format: {self.format} has no bit rate to choose.", field="format")
        if self.kbit_rate not in known:
            raise InvalidRequest(
                f"format: {self.format} at {self.sample_rate} Hz cannot have {self.kbit_rate} kbit/s: "
                f"use {_describe(known)}.",
                field="format",
            )

    def _refuse_rate(self, sample_rate: int, field: str) -> None:
        known = FORMATS[self.format].sample_rates
        if sample_rate not in known:
            raise InvalidRequest(
                f"{field}: {self.format} cannot have {sample_rate} Hz: use {_describe(known)} Hz.",
                field=field,
            )


def _describe(values: Collection[int]) -> str:
    if isinstance(values, range):
        step = f" in steps of {values.step}" if values.step > 1 else ""
        return f"{values[0]} to {values[-1]}{step}"
    return f"one of {', '.join(map(str, values))}"


def _mp3_kbit_rates(sample_rate: int) -> Collection[int]:
    """Layer III's bit rates: MPEG-1's from 32 kHz on, MPEG-2's below, and LAME's for MPEG-2.5."""
    if sample_rate >= 32_000:  # noqa: PLR2004  # MPEG-1 begins there
        return (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    low = (8, 16, 24, 32, 40, 48, 56, 64)
    return low if sample_rate <= 12_000 else (*low, 80, 96, 112, 128, 144, 160)  # noqa: PLR2004  # MPEG-2.5


def _aac_kbit_rates(sample_rate: int) -> Collection[int]:
    """AAC limits a channel to 6,144 bits per frame of 1,024 samples."""
    return range(8, 6 * sample_rate // 1000 + 1)


def _opus_kbit_rates(_sample_rate: int) -> Collection[int]:
    return range(6, 257)


def _compressed(codec: Codec) -> Callable[[int, int | None], AudioEncoder]:
    return partial(CompressedEncoder, codec)


def _g711(law: Law, mime: str) -> AudioFormat:
    return AudioFormat(
        mime,
        _WHOLE_FRAMES,
        lambda sample_rate, _: G711Encoder(law, sample_rate),
        usual_rate=8_000,
        frames_per_second=FRAMES_PER_SECOND,
    )


FORMATS = {
    "pcm": AudioFormat("audio/pcm", _ANY_RATE, lambda *_: PcmEncoder()),
    "wav": AudioFormat("audio/wav", _ANY_RATE, lambda sample_rate, _: WavEncoder(sample_rate)),
    "mp3": AudioFormat("audio/mpeg", _MPEG_RATES, _compressed(MP3), _mp3_kbit_rates, 64),
    "opus": AudioFormat("audio/ogg", _OPUS_RATES, _compressed(OPUS), _opus_kbit_rates, 32),
    "aac": AudioFormat("audio/aac", _MPEG_RATES, _compressed(AAC), _aac_kbit_rates, 64),
    "flac": AudioFormat("audio/flac", _ANY_RATE, _compressed(FLAC)),
    "ulaw": _g711("ulaw", "audio/PCMU"),
    "alaw": _g711("alaw", "audio/PCMA"),
}
