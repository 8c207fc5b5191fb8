"""Wires: the forms in which a request's events leave over HTTP."""

import base64
import json
from typing import Protocol

from typing_extensions import override

from voices.errors import ChatterpodError
from worker.audio.encoders.closing import closed_audio
from worker.events import AudioEvent, EndEvent, Event, StartEvent
from worker.server.failures import openai_error, our_error


class Wire(Protocol):
    """Turns events into a response's body."""

    whole: bool
    """Whether the body is sent in one piece, with its length."""

    def mime(self, start: StartEvent) -> str:
        """Return the body's media type."""
        ...

    def encode(self, event: Event) -> bytes:
        """Return what an event adds to the body, which may be nothing."""
        ...

    def failed(self, error: ChatterpodError) -> bytes | None:
        """Return what tells of an error in the midst of the body; None breaks it off."""
        ...


class AudioWire(Wire):
    """The audio and nothing else."""

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
    """The audio as a finished file, which tells its length."""

    whole = True

    def __init__(self) -> None:
        super().__init__()
        self._start: StartEvent | None = None
        self._audio = b""

    @override
    def encode(self, event: Event) -> bytes:
        match event:
            case StartEvent():
                self._start = event
            case AudioEvent():
                self._audio += event.audio
            case EndEvent() if self._start is not None:
                rate = self._start.sample_rate
                return closed_audio(self._audio, self._start.format, rate, round(event.audio_seconds * rate))
        return b""


class EventsWire(Wire):
    """Every event as a line of JSON, its audio in base64: as on RunPod's queue."""

    def __init__(self, *, whole: bool = False) -> None:
        self.whole = whole

    @override
    def mime(self, start: StartEvent) -> str:
        return "application/x-ndjson"

    @override
    def encode(self, event: Event) -> bytes:
        return json.dumps(event.as_json()).encode() + b"\n"

    @override
    def failed(self, error: ChatterpodError) -> bytes | None:
        return json.dumps({"type": "error", "error": our_error(error)}).encode() + b"\n"


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
