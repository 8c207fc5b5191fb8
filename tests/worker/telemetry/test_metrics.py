"""The counters: of requests by what came of them, of the worker by how it is."""

import re
import subprocess
import sys
from contextlib import aclosing

import pytest
from prometheus_client.parser import text_string_to_metric_families

from voices.errors import ChatterpodError
from voices.publication import Publisher
from worker.engine.base import Occupancy
from worker.engine.machine import DeviceMemory
from worker.events import Vitals
from worker.telemetry.metrics import Metrics
from worker.text.reading import Rule, read_aloud
from worker.text.undone import undone_rules

pytestmark = [pytest.mark.process, pytest.mark.anyio]


def _read(metrics):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


async def test_requests_are_counted_by_what_came_of_them(watched):
    await watched.ask({"text": "word " * 40})
    with pytest.raises(ChatterpodError):
        await watched.ask({"text": "Hi.", "voice_id": "nobody"})
    async with aclosing(watched.watch({"text": "word " * 2000}, interface="tts")) as events:
        await anext(events)
        assert _read(watched.metrics)["chatterpod_active_requests",] == 1
    read = _read(watched.metrics)
    assert read["chatterpod_requests_total", "speak", "queue", "ok"] == 1
    assert read["chatterpod_requests_total", "speak", "queue", "unknown_voice"] == 1
    assert read["chatterpod_requests_total", "speak", "tts", "cancelled"] == 1
    assert read["chatterpod_active_requests",] == 0


async def test_what_a_client_sends_makes_no_new_series(watched):
    for action in ("sing", "sing louder", ["sing"]):
        with pytest.raises(ChatterpodError):
            await watched.ask({"action": action})
    assert _read(watched.metrics)["chatterpod_requests_total", "unknown", "queue", "invalid_request"] == 3


async def test_speech_is_measured(watched):
    events = await watched.ask({"text": "word " * 40})
    read = _read(watched.metrics)
    assert read["chatterpod_audio_seconds_total",] == pytest.approx(events[-1].audio_seconds)
    assert read["chatterpod_speech_tokens_total",] == events[-1].metrics.speech_tokens
    for name in ("first_audio_seconds", "queue_seconds", "real_time_factor"):
        assert read[f"chatterpod_{name}_count",] == 1
    assert read["chatterpod_first_audio_seconds_sum",] == events[-1].metrics.ttfa_ms / 1000


async def test_the_voice_cache_tells_its_size(watched, registry, prepared):
    Publisher(registry).add("anna", prepared)
    await watched.ask({"text": "Hello.", "voice_id": "anna"})
    await watched.ask({"text": "Hello.", "voice_id": "anna"})
    read = _read(watched.metrics)
    assert read["chatterpod_voice_cache_total", "computed"] == 1
    assert read["chatterpod_voice_cache_total", "hit"] == 1
    assert read["chatterpod_cached_voices",] == 1
    assert read["chatterpod_voice_cache_bytes",] == 8


def test_slots_and_gpu_memory_are_told_where_there_are_any():
    vitals = Vitals(
        active_requests=3,
        cached_voices=2,
        voice_cache_bytes=400_000,
        engine_load=Occupancy(streams=5, waiting=1, slots_used=4, slots=16),
        device_memory=DeviceMemory(allocated=10, reserved=20, free=30, total=50),
    )
    read = _read(Metrics(lambda: vitals))
    assert read["chatterpod_ready",] == 1
    assert read["chatterpod_engine_streams",] == 5
    assert read["chatterpod_engine_waiting",] == 1
    assert (read["chatterpod_engine_slots_used",], read["chatterpod_engine_slots",]) == (4, 16)
    assert read["chatterpod_gpu_memory_bytes", "free"] == 30


def test_before_it_can_speak_it_is_not_ready_and_tells_no_more():
    read = _read(Metrics(lambda: None))
    assert read["chatterpod_ready",] == 0
    assert read["process_resident_memory_bytes",] > 0
    assert ("chatterpod_cached_voices",) not in read


def test_a_text_rule_that_fails_is_counted_by_its_name():
    rule = Rule("one that fails", re.compile("apples"), lambda _: "")
    before = undone_rules().get(rule.name, 0)
    read_aloud("Two apples.", [rule])
    read = _read(Metrics(lambda: None))
    assert read["chatterpod_undone_text_rules_total", "one that fails"] == before + 1


def test_counting_and_device_memory_import_no_torch():
    script = (
        "import sys; import worker.telemetry.metrics, worker.service.service; "
        "from worker.engine.machine import device_memory; "
        "sys.exit(device_memory() is not None or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0
