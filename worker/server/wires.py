"""Wires: the forms of a response's body, into which a request's events are encoded."""

import base64
import json
from dataclasses import replace
from typing import BinaryIO, Protocol

from typing_extensions import override

from voices.errors import ChatterpodError
from worker.audio.encoders.closing import close_file
from worker.events import AudioEvent, EndEvent, Event, StartEvent
from worker.server.failures import openai_error, our_error


class Wire(Protocol):
    """Turns events into a response's body."""

    whole: bool
    """Whether the body is sent once it is complete, with its length."""

    def mime(self, start: StartEvent) -> str:
        """Return the body's media type."""
        ...

    def encode(self, event: Event) -> bytes:
        """Return the bytes that an event adds to the body; may be empty."""
        ...

    def complete(self, body: BinaryIO) -> None:
        """Patch a whole body after the last event, for example with its length."""
        del body  # most forms need no patch

    def failed(self, error: ChatterpodError) -> bytes | None:
        """Return the bytes that report an error within the body; None aborts the body."""
        ...


class AudioWire(Wire):
    """The audio only."""

    whole = False

    def __init__(self, mime: str | None = None) -> None:
        self._mime = mime

    @override
    def mime(self, start: StartEvent) -> str:
        return self._mime or start.mime

    @override
    def encode(self, event: Event) -> bytes:
        return event.audio if isinstance(event, AudioEvent) else b""

    @override
    def failed(self, error: ChatterpodError) -> bytes | None:
        return None


class FileWire(AudioWire):
    """The audio as a complete file, whose header has its length."""

    whole = True

    def __init__(self) -> None:
        super().__init__()
        self._start: StartEvent | None = None
        self._seconds = 0.0

    @override
    def encode(self, event: Event) -> bytes:
        match event:
            case StartEvent():
                self._start = event
            case EndEvent():
                self._seconds = event.audio_seconds
        return super().encode(event)

    @override
    def complete(self, body: BinaryIO) -> None:
        assert self._start is not None  # noqa: S101  # the first event of all speech
        rate = self._start.sample_rate
        close_file(body, self._start.format, rate, round(self._seconds * rate))


class EventsWire(Wire):
    """Every event as a line of JSON, its audio in base64: as on RunPod's queue."""

    whole = False

    @override
    def mime(self, start: StartEvent) -> str:
        return "application/x-ndjson"

    @override
    def encode(self, event: Event) -> bytes:
        return json.dumps(event.as_json()).encode() + b"\n"

    @override
    def failed(self, error: ChatterpodError) -> bytes | None:
        return json.dumps({"type": "error", "error": our_error(error)}).encode() + b"\n"


class WholeEventsWire(EventsWire):
    """The same with all audio in one event; only a piece of the audio is in memory at a time."""

    whole = True

    def __init__(self) -> None:
        self._joined: AudioEvent | None = None
        """The one event so far; its audio is the remainder after base64's groups of three bytes."""

    @override
    def encode(self, event: Event) -> bytes:
        match event:
            case AudioEvent():
                return self._piece(event)
            case EndEvent() if self._joined is not None:
                return self._last_piece(self._joined) + super().encode(replace(event, chunks=1))
        return super().encode(event)

    def _piece(self, event: AudioEvent) -> bytes:
        if self._joined is None:
            opening = b'{"type": "audio", "index": 0, "offset_s": 0.0, "audio": "'
            earlier = AudioEvent(0, 0.0, 0.0, b"")
        else:
            opening, earlier = b"", self._joined
        audio = earlier.audio + event.audio
        whole = len(audio) - len(audio) % 3
        self._joined = replace(
            earlier,
            seconds=earlier.seconds + event.seconds,
            audio=audio[whole:],
            text=earlier.text + event.text,
        )
        return opening + base64.b64encode(audio[:whole])

    def _last_piece(self, joined: AudioEvent) -> bytes:
        described = replace(joined, seconds=round(joined.seconds, 6)).as_json()
        rest = {name: described[name] for name in ("seconds", "text") if name in described}
        audio: str = described["audio"]
        return f'{audio}", {json.dumps(rest).removeprefix("{")}\n'.encode()


class SpeechEventsWire(Wire):
    """OpenAI's server-sent events: ``speech.audio.delta``, and ``speech.audio.done`` with the usage."""

    def __init__(self, characters: int, *, whole: bool = False) -> None:
        self._characters = characters
        self.whole = whole

    @override
    def mime(self, start: StartEvent) -> str:
        return "text/event-stream"

    @override
    def encode(self, event: Event) -> bytes:
        match event:
            case AudioEvent():
                return _sse({"type": "speech.audio.delta", "audio": base64.b64encode(event.audio).decode()})
            case EndEvent():
                tokens = event.metrics.speech_tokens or 0
                usage = {
                    "input_tokens": self._characters,
                    "output_tokens": tokens,
                    "total_tokens": self._characters + tokens,
                }
                return _sse({"type": "speech.audio.done", "usage": usage})
        return b""

    @override
    def failed(self, error: ChatterpodError) -> bytes | None:
        return _sse({"type": "error", "error": openai_error(error)})


def _sse(data: dict[str, object]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"
