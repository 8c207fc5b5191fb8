"""A request's events, decoded to audio and checked. No I/O: usable with events from any source."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from chatterpod.errors import ChecksumMismatch, MalformedEvent, StreamGap, StreamIncomplete

Event = Mapping[str, Any]
Field = TypeVar("Field")


@dataclass(frozen=True, slots=True)
class StreamStart:
    """The audio's properties; `ignored` names the options that the engine does not support."""

    request_id: str
    voice_id: str
    engine: str
    format: str
    mime: str
    sample_rate: int
    channels: int
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The audio's totals; `extra` holds the event's other fields, such as the place of a long result."""

    chunks: int
    audio_seconds: float
    sha256: str
    metrics: Mapping[str, Any]
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SpokenText:
    """From `offset_s` in the audio on, the characters `start` to `end` of the request's text are spoken."""

    offset_s: float
    start: int
    end: int


class SpeechStream:
    """Takes a request's events in order, returns the encoded audio and verifies that nothing is missing.

    A repeated event is ignored: RunPod's SDK posts an event again if the response to the post was lost.
    """

    def __init__(self) -> None:
        self.start: StreamStart | None = None
        self.end: StreamEnd | None = None
        self.seconds = 0.0
        self.timeline: list[SpokenText] = []
        """Which characters are spoken when, for the audio received so far."""
        self._next_index = 0
        self._digest = hashlib.sha256()

    @property
    def is_complete(self) -> bool:
        """Whether the end event came and matched the audio."""
        return self.end is not None

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The worker's measurements; empty until the end."""
        return self.end.metrics if self.end is not None else MappingProxyType({})

    def feed(self, event: Event) -> bytes:
        """Take one event and return its audio, empty if it has none; raise a StreamError.

        Unknown event types are ignored, so that newer workers may add some.
        """
        match _field(event, "type", str):
            case "start":
                self._begin(event)
            case "audio":
                return self._add(event)
            case "end":
                self._finish(event)
        return b""

    def close(self) -> None:
        """Raise StreamIncomplete unless the end event came."""
        if self.end is None:
            raise StreamIncomplete(f"no end event came after {self._next_index} audio events")

    def _begin(self, event: Event) -> None:
        start = StreamStart(
            request_id=_field(event, "request_id", str),
            voice_id=_field(event, "voice_id", str),
            engine=_field(event, "engine", str),
            format=_field(event, "format", str),
            mime=_field(event, "mime", str),
            sample_rate=_field(event, "sample_rate", int),
            channels=_field(event, "channels", int),
            ignored=tuple(str(name) for name in event.get("ignored") or ()),
        )
        if self.start is not None and start != self.start:
            raise MalformedEvent("two different start events in one stream")
        self.start = start

    def _add(self, event: Event) -> bytes:
        index = _field(event, "index", int)
        if self.start is None:
            raise StreamGap(f"audio event {index} came before any start event")
        if index < self._next_index:
            return b""
        if index > self._next_index:
            raise StreamGap(f"audio event {self._next_index} is missing: {index} came instead")
        if self.end is not None:
            raise MalformedEvent(f"audio event {index} came after the end")
        return self._accept(event)

    def _accept(self, event: Event) -> bytes:
        try:
            audio = base64.b64decode(_field(event, "audio", str), validate=True)
        except (binascii.Error, ValueError) as error:
            raise MalformedEvent(f"audio event {self._next_index} is not base64") from error
        self.seconds += _number(event, "seconds")
        self.timeline += [
            SpokenText(_number(text, "offset_s"), _field(text, "start", int), _field(text, "end", int))
            for text in event.get("text") or ()
        ]
        self._next_index += 1
        self._digest.update(audio)
        return audio

    def _finish(self, event: Event) -> None:
        known = {"type", "chunks", "audio_seconds", "sha256", "metrics"}
        end = StreamEnd(
            chunks=_field(event, "chunks", int),
            audio_seconds=_number(event, "audio_seconds"),
            sha256=_field(event, "sha256", str),
            metrics=MappingProxyType(_field(event, "metrics", dict)),
            extra=MappingProxyType({name: value for name, value in event.items() if name not in known}),
        )
        if end.chunks > self._next_index or self.start is None:
            raise StreamGap(f"{self._next_index} of {end.chunks} audio events came before the end")
        if end.chunks != self._next_index or end.sha256 != self._digest.hexdigest():
            raise ChecksumMismatch(f"the {self._next_index} audio events do not match the end event")
        self.end = end


def failure_in(event: Any) -> Any:
    """Return the error of an event that ends a stream, our server's or the SDK's; else None."""
    if isinstance(event, Mapping) and event.get("type", "error") == "error":
        return event.get("error")
    return None


def _field(event: Event, name: str, kind: type[Field]) -> Field:
    value = event.get(name) if isinstance(event, Mapping) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise MalformedEvent(f"an event has no {kind.__name__} in {name!r}: {str(event)[:200]}")
    return value


def _number(event: Event, name: str) -> float:
    value = event.get(name) if isinstance(event, Mapping) else None
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise MalformedEvent(f"an event has no number in {name!r}: {str(event)[:200]}")
    return float(value)
