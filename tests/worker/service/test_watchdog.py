"""An engine that does not get on is noticed, its requests hear of it, and nothing waits for ever."""

import asyncio
import threading
import time

import pytest
from scripted_engine import ScriptedEngine

from voices.library import VoiceLibrary
from worker.engine.base import Pulse
from worker.errors import DeviceFailure, EngineStuck, ShuttingDown
from worker.events import EndEvent
from worker.request import Arrival
from worker.service.service import SpeechService
from worker.service.watchdog import Watchdog
from worker.settings import Settings

pytestmark = pytest.mark.anyio


class StickingEngine(ScriptedEngine):
    """Stops for good at the word "stick"."""

    def __init__(self):
        super().__init__(block_delay_s=0.01)
        self.gate = threading.Event()

    def stream(self, text, conditionals, options, delivery):
        for block in super().stream(text, conditionals, options, delivery):
            yield block
            if "stick" in text:
                with self.pulse.beat():
                    self.gate.wait()


@pytest.fixture
def service(registry):
    settings = Settings(max_concurrency=4, engine_timeout_s=0.2)
    engine = StickingEngine()
    service = SpeechService(engine, VoiceLibrary([registry]), settings)
    yield service
    engine.gate.set()
    service.close()


@pytest.fixture
def failures():
    return []


@pytest.fixture
def watch(failures):
    watchdogs = []

    def watch(pulse, seconds):
        watchdogs.append(Watchdog(pulse, seconds, failures.append, look_every_seconds=0.01))

    yield watch
    for watchdog in watchdogs:
        watchdog.close()


def test_a_step_within_the_limit_is_no_failure(watch, failures):
    pulse = Pulse()
    watch(pulse, 0.5)
    for _ in range(20):
        with pulse.beat():
            time.sleep(0.01)
    assert failures == []


def test_a_step_beyond_it_is_one_failure(watch, failures):
    pulse = Pulse()
    watch(pulse, 0.05)
    with pulse.beat():
        time.sleep(0.3)
    assert [type(failure) for failure in failures] == [EngineStuck]
    assert failures[0].as_dict()["retry_after_s"] == 10


def test_with_no_limit_it_waits_for_ever(watch, failures):
    pulse = Pulse()
    watch(pulse, 0)
    with pulse.beat():
        time.sleep(0.1)
    assert failures == []


def test_a_device_that_failed_is_noticed_though_nothing_is_under_way(watch, failures):
    pulse = Pulse()
    watch(pulse, 5)
    failure = DeviceFailure("The GPU is gone.")
    pulse.stop(failure)
    pulse.stop(DeviceFailure("Later."))
    time.sleep(0.1)
    assert failures == [failure]


async def _all(service, text):
    return [event async for event in service.respond({"text": text, "format": "pcm"}, Arrival(text))]


async def test_every_request_hears_of_a_stuck_engine_and_so_do_later_ones(service):
    told = threading.Event()
    service.on_failure = told.set
    answers = await asyncio.gather(
        *(_all(service, f"please stick {number}") for number in range(3)), return_exceptions=True
    )
    assert all(isinstance(answer, EngineStuck) for answer in answers)
    assert told.is_set()
    assert service.failure is not None
    with pytest.raises(EngineStuck):
        await _all(service, "Hello.")
    service.close()  # does not wait for what is stuck


async def test_told_to_end_it_may_still_take_what_fits(service):
    service.end_within(60, takes_what_fits=True)
    with pytest.raises(ShuttingDown, match="send the request again"):
        await _all(service, "word " * 600)  # 3 minutes, as long as nothing better is known
    assert isinstance((await _all(service, "Hello."))[-1], EndEvent)
    assert isinstance((await _all(service, "word " * 600))[-1], EndEvent)


async def test_told_to_end_it_finishes_what_it_can_and_says_so_to_the_others(service):
    quick = asyncio.create_task(_all(service, "word " * 10))
    slow = asyncio.create_task(_all(service, "word " * 600))
    await asyncio.sleep(0.05)
    service.end_within(1.0)
    with pytest.raises(ShuttingDown, match="send the request again"):
        await _all(service, "Hello.")
    assert isinstance((await quick)[-1], EndEvent)
    with pytest.raises(ShuttingDown, match="not complete within"):
        await slow
    assert service.active_requests == 0
