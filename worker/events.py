"""Events: what a request is answered with, in order start, audio..., end."""

import base64
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal

from typing_extensions import override

from worker.engine.base import Occupancy
from worker.engine.machine import DeviceMemory


@dataclass(frozen=True)
class Vitals:
    """Cheap to find out: nothing of it is on a disk."""

    active_requests: int
    cached_voices: int
    voice_cache_bytes: int
    engine_load: Occupancy | None
    """None for an engine that speaks whatever comes at once."""
    device_memory: DeviceMemory | None
    """None without a GPU."""


@dataclass(frozen=True)
class StoredResult:
    """A result that was put elsewhere."""

    bytes: int
    sha256: str
    audio_seconds: float
    path: str | None = None
    url: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return a JSON object; of ``path`` and ``url`` the one that there is."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class SpokenText:
    """From ``offset_s`` of the audio on, ``request.text[start:end]`` is spoken."""

    offset_s: float
    start: int
    end: int


@dataclass(frozen=True)
class Event:
    """One answer; ``as_json`` is its form on every interface that speaks JSON."""

    type: ClassVar[str]

    def as_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {"type": self.type, **asdict(self)}


@dataclass(frozen=True)
class StartEvent(Event):
    """The request is accepted and its voice is at hand."""

    type: ClassVar[str] = "start"

    request_id: str
    voice_id: str
    engine: str
    format: str
    mime: str
    sample_rate: int
    channels: int
    ignored: list[str]
    """Options that were sent and that this engine does not have."""


@dataclass(frozen=True)
class AudioEvent(Event):
    """Encoded audio: all payloads of a request, joined, are one playable file."""

    type: ClassVar[str] = "audio"

    index: int
    """Counts from 0 without a gap."""
    offset_s: float
    seconds: float
    """Speech that went into this event; an encoder may hold its last milliseconds back for the next."""
    audio: bytes
    text: list[SpokenText] = field(default_factory=list)
    """The text chunks that begin in this event; left out of the JSON where none does."""

    @override
    def as_json(self) -> dict[str, Any]:
        json = {**super().as_json(), "audio": base64.b64encode(self.audio).decode()}
        return json if self.text else {name: value for name, value in json.items() if name != "text"}


@dataclass(frozen=True)
class SkippedEvent(Event):
    """A part of a text that comes in pieces is not spoken; the request goes on."""

    type: ClassVar[str] = "skipped"

    start: int
    end: int
    """Characters ``start`` to ``end`` of all pieces joined."""
    reason: Literal["nothing_to_speak", "open_thought"]
    """It has no word, as emoji have none; or it is a ``<think>`` block that was never closed."""


@dataclass(frozen=True)
class ProgressEvent(Event):
    """How far a request is whose audio comes at the end, every few seconds."""

    type: ClassVar[str] = "progress"

    characters: int
    """Of the text, spoken or being spoken."""
    total_characters: int
    audio_seconds: float


@dataclass(frozen=True)
class Metrics:
    """What a request cost."""

    ttfa_ms: float | None
    """From the job's arrival in the worker to its first encoded audio."""
    rtf: float | None
    """Synthesis time over audio duration."""
    queue_ms: float
    """From the job's arrival to the start of its synthesis."""
    speech_tokens: int | None
    """None for an engine that has none."""
    cut_text_chunks: int
    """Text chunks whose speech did not end by itself and was ended."""
    resumed_text_chunks: int
    """Text chunks that an earlier attempt had spoken, and that were not spoken again."""
    underruns: int
    """How often a listener who plays from the first audio on had nothing to play."""
    underrun_ms: float
    stalled_ms: float
    """How long the request had to wait for whoever reads it, beyond what may be read ahead."""
    voice_cache: str
    """``hit``; ``miss`` when read from the volume; ``computed`` when made from the reference clip."""


@dataclass(frozen=True)
class EndEvent(Event):
    """The speech is complete: ``chunks`` audio events, whose joined bytes have this ``sha256``."""

    type: ClassVar[str] = "end"

    chunks: int
    audio_seconds: float
    sha256: str
    metrics: Metrics
    result: StoredResult | None = None
    """Where the whole audio is, when it is more than one answer may carry."""

    @override
    def as_json(self) -> dict[str, Any]:
        json = super().as_json()
        del json["result"]
        return json if self.result is None else {**json, "result": self.result.as_json()}


@dataclass(frozen=True)
class VoicesEvent(Event):
    """Answers ``list_voices``."""

    type: ClassVar[str] = "voices"

    voices: list[dict[str, Any]]
    next: str | None = None
    """Send it as ``after`` for the voices that come behind these; None when there are none."""


@dataclass(frozen=True)
class VoicePreparedEvent(Event):
    """Answers ``prepare_voice``: the voice is in the cache."""

    type: ClassVar[str] = "voice_prepared"

    voice_id: str
    engine: str
    fingerprint: str
    voice_cache: str
    published: bool
    """Whether its conditionals are on the volume, so that no worker has to compute them."""
    warnings: tuple[str, ...] = ()
    """What could be better about a bare clip; of any other voice the command has told it."""


@dataclass(frozen=True)
class HealthEvent(Vitals, Event):
    """Answers ``health``."""

    type: ClassVar[str] = "health"

    engine: str
    sample_rate: int
    voices: int | None
    """None where the voices' store does not answer."""
