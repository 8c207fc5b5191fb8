"""Speaking into a file, without any server."""

from pathlib import Path

from voices.library import VoiceLibrary
from worker.audio.encoders.closing import close_file
from worker.engine.choice import open_engine
from worker.events import AudioEvent, EndEvent, StartEvent
from worker.progress import Arrival
from worker.request import SpeechRequest, parse_request
from worker.settings import Settings
from worker.synthesizer import Synthesizer


def say_to_file(
    job_input: dict[str, object], out: Path, settings: Settings, library: VoiceLibrary
) -> tuple[StartEvent, EndEvent]:
    """Speak a request into ``out``, which appears when it is whole; returns its first and last event.

    Raises ``ChatterpodError``; nothing is left of a speech that failed.
    """
    request = parse_request(job_input, max_text_characters=settings.max_text_characters)
    assert isinstance(request, SpeechRequest)  # noqa: S101  # the caller asks for nothing else
    engine = open_engine(settings)
    synthesizer = Synthesizer(engine, library, settings)
    unfinished = out.with_name(f".{out.name}.unfinished")
    start = end = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            for event in synthesizer.speak(request, Arrival("say"), cancelled=lambda: False):
                match event:
                    case StartEvent():
                        start = event
                    case AudioEvent():
                        file.write(event.audio)
                    case EndEvent():
                        end = event
        assert start is not None  # noqa: S101  # a speech that did not raise has both
        assert end is not None  # noqa: S101
        close_file(unfinished, start.format, start.sample_rate, round(end.audio_seconds * start.sample_rate))
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
        synthesizer.close()
        engine.close()
    return start, end
