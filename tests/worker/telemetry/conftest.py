"""A service that speaks, and one who watches it."""

import pytest
from log_lines import log_lines
from scripted_engine import ScriptedEngine

from voices.library import VoiceLibrary
from worker.request import Arrival
from worker.service.service import SpeechService
from worker.settings import Settings
from worker.telemetry.metrics import Metrics
from worker.telemetry.observer import Observer
from worker.telemetry.request_log import RequestLog


class FailingEngine(ScriptedEngine):
    """Fails on the word "fail", as a model might."""

    def stream(self, text, conditionals, options, delivery):
        yield from super().stream(text, conditionals, options, delivery)
        if "fail" in text:
            raise RuntimeError("CUDA error")


class Watched:
    """A service behind an observer with a log and counters."""

    def __init__(self, registry, *, log_text=False):
        self.service = SpeechService(FailingEngine(), VoiceLibrary([registry]), Settings())
        self.metrics = Metrics(self.service.vitals)
        self._observer = Observer([RequestLog(log_text=log_text), self.metrics])

    def watch(self, job_input, request_id="r1", interface="queue"):
        arrival = Arrival(request_id)
        events = self.service.respond(job_input, arrival)
        return self._observer.watch(events, job_input, arrival, interface)

    async def ask(self, job_input, request_id="r1"):
        return [event async for event in self.watch(job_input, request_id)]


@pytest.fixture
def watched(registry):
    watched = Watched(registry)
    yield watched
    watched.service.close()


@pytest.fixture
def watched_with_texts(registry):
    watched = Watched(registry, log_text=True)
    yield watched
    watched.service.close()


@pytest.fixture(name="log_lines")
def _log_lines():
    """Read what is logged inside a block."""
    return log_lines
