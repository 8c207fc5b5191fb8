"""Events: the answers to a request, in the order start, audio..., end."""

import base64
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal

from typing_extensions import override

from worker.engine.base import Occupancy
from worker.engine.machine import DeviceMemory


@dataclass(frozen=True)
class Vitals:
    """The worker's state; cheap to read, since none of it is on a disk."""

    active_requests: int
    cached_voices: int
    voice_cache_bytes: int
    engine_load: Occupancy | None
    """None for an engine without a queue of text chunks."""
    device_memory: DeviceMemory | None
    """None without a GPU."""


@dataclass(frozen=True)
class StoredResult:
    """A result stored outside the answer: in a directory on the volume or in a bucket."""

    bytes: int
    sha256: str
    audio_seconds: float
    path: str | None = None
    url: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return a JSON object with either ``path`` or ``url``."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class SpokenText:
    """The speech of ``request.text[start:end]`` begins ``offset_s`` seconds into the audio."""

    offset_s: float
    start: int
    end: int


@dataclass(frozen=True)
class Event:
    """One event of an answer; ``as_json`` is its form on every interface that speaks JSON."""

    type: ClassVar[str]

    def as_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {"type": self.type, **asdict(self)}


@dataclass(frozen=True)
class StartEvent(Event):
    """The request is accepted and its voice is loaded."""

    type: ClassVar[str] = "start"

    request_id: str
    voice_id: str
    engine: str
    format: str
    mime: str
    sample_rate: int
    channels: int
    ignored: list[str]
    """Options that the client sent and this engine ignores."""


@dataclass(frozen=True)
class AudioEvent(Event):
    """Encoded audio: the payloads of a request, concatenated, are one playable file."""

    type: ClassVar[str] = "audio"

    index: int
    """Counts from 0 without gaps."""
    offset_s: float
    seconds: float
    """Speech encoded for this event; an encoder may hold back its last milliseconds for the next event."""
    audio: bytes
    text: list[SpokenText] = field(default_factory=list)
    """The text chunks that begin in this event; the JSON omits the field if there is none."""

    @override
    def as_json(self) -> dict[str, Any]:
        json = {**super().as_json(), "audio": base64.b64encode(self.audio).decode()}
        return json if self.text else {name: value for name, value in json.items() if name != "text"}


@dataclass(frozen=True)
class SkippedEvent(Event):
    """A part of a text sent in pieces is not spoken; the request continues."""

    type: ClassVar[str] = "skipped"

    start: int
    end: int
    """The part is characters ``start`` to ``end`` of all pieces joined."""
    reason: Literal["nothing_to_speak", "open_thought"]
    """The part has no word (only emoji, for example), or it is a ``<think>`` block that was never closed."""


@dataclass(frozen=True)
class ProgressEvent(Event):
    """Progress of an unstreamed request, every few seconds."""

    type: ClassVar[str] = "progress"

    characters: int
    """Characters of the text that are spoken or being spoken."""
    total_characters: int
    audio_seconds: float


@dataclass(frozen=True)
class Metrics:
    """Cost and timing of a request."""

    ttfa_ms: float | None
    """From the job's arrival in the worker to its first encoded audio."""
    rtf: float | None
    """Synthesis time over audio duration."""
    queue_ms: float
    """From the job's arrival to the start of its synthesis."""
    speech_tokens: int | None
    """None for an engine without speech tokens."""
    cut_text_chunks: int
    """Text chunks whose speech did not end by itself and was cut."""
    resumed_text_chunks: int
    """Text chunks reused from an earlier attempt."""
    underruns: int
    """How often a listener who plays from the first audio on had nothing to play."""
    underrun_ms: float
    stalled_ms: float
    """Time that the request was blocked by back-pressure from its client, beyond the read-ahead."""
    voice_cache: str
    """``hit``; ``miss`` when read from the volume; ``computed`` when made from the reference clip."""


@dataclass(frozen=True)
class EndEvent(Event):
    """The speech is complete: ``chunks`` audio events, whose concatenated bytes have this ``sha256``."""

    type: ClassVar[str] = "end"

    chunks: int
    audio_seconds: float
    sha256: str
    metrics: Metrics
    result: StoredResult | None = None
    """The place of the whole audio, if it is too large for an answer."""

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
    """Pass it as ``after`` to get the following voices; None if this is the last page."""


@dataclass(frozen=True)
class VoicePreparedEvent(Event):
    """Answers ``prepare_voice``: the voice is in the cache."""

    type: ClassVar[str] = "voice_prepared"

    voice_id: str
    engine: str
    fingerprint: str
    voice_cache: str
    published: bool
    """Whether its conditionals are on the volume, so that no worker need compute them."""
    warnings: tuple[str, ...] = ()
    """Defects of a bare clip. For any other voice the ``voices`` command has already reported them."""


@dataclass(frozen=True)
class HealthEvent(Vitals, Event):
    """Answers ``health``."""

    type: ClassVar[str] = "health"

    engine: str
    sample_rate: int
    voices: int | None
    """None if the voices' store does not answer."""
