"""Speech into a file, without a server."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from voices.library import VoiceLibrary
from voices.whole_file import WholeFile, check_writable
from worker.audio.encoders.closing import close_file
from worker.engine.choice import open_engine
from worker.events import AudioEvent, EndEvent, StartEvent
from worker.request import Arrival, SpeechRequest, parse_request
from worker.settings import Settings
from worker.speech.synthesizer import Synthesizer


class Speaker:
    """An engine kept open for several requests. A context manager."""

    def __init__(self, settings: Settings, library: VoiceLibrary) -> None:
        self._settings = settings
        self._engine = open_engine(settings)
        self._synthesizer = Synthesizer(self._engine, library, settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._synthesizer.close()
        self._engine.close()

    def say(self, job_input: Mapping[str, object], out: Path) -> tuple[StartEvent, EndEvent]:
        """Speak a request into ``out``, which appears when it is complete; return the start and end events.

        Raises ``ChatterpodError``, and ``OSError`` if the file cannot be written. A failed request leaves no
        file.
        """
        request = parse_request(
            dict(job_input),
            max_text_characters=self._settings.max_text_characters,
            voice_aliases=self._settings.voice_aliases,
        )
        assert isinstance(request, SpeechRequest)  # noqa: S101  # callers send no other action
        start = end = None
        with WholeFile(out) as whole:
            for event in self._synthesizer.speak(request, Arrival("say"), cancelled=lambda: False):
                match event:
                    case StartEvent():
                        start = event
                    case AudioEvent():
                        whole.write(event.audio)
                    case EndEvent():
                        end = event
            assert start is not None  # noqa: S101  # a request that did not raise has both
            assert end is not None  # noqa: S101
            samples = round(end.audio_seconds * start.sample_rate)
            close_file(whole.file, start.format, start.sample_rate, samples)
        return start, end


def say_to_file(
    job_input: dict[str, object], out: Path, settings: Settings, library: VoiceLibrary
) -> tuple[StartEvent, EndEvent]:
    """Speak one request into ``out``, see ``Speaker.say``; create its folder if need be."""
    out.parent.mkdir(parents=True, exist_ok=True)
    check_writable(out)  # before the engine is loaded
    with Speaker(settings, library) as speaker:
        return speaker.say(job_input, out)
