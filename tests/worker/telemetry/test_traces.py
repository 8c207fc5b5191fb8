"""Traces: what a real collector gets by OTLP over HTTP, and nothing where nobody asked for them."""

import os
import subprocess
import sys

import pytest
from trace_collector import attributes, trace_collector

from worker.telemetry.traces import is_wanted

pytestmark = pytest.mark.process

SPEAK = """
import asyncio, sys
from pathlib import Path
from voices.library import VoiceLibrary
from worker.engine.preview.engine import PreviewEngine
from worker.telemetry.observer import Observer
from worker.telemetry.observer import sinks_of
from worker.speech.progress import Arrival
from worker.service.service import SpeechService
from worker.settings import Settings

async def speak(job_input):
    service = SpeechService(PreviewEngine(), VoiceLibrary.at(Path(sys.argv[1])), Settings())
    observer = Observer(sinks_of(Settings()))
    answer = service.respond(job_input, Arrival("r1"))
    try:
        async for _ in observer.watch(answer, job_input, Arrival("r1"), "queue"):
            pass
    except Exception as error:
        print(type(error).__name__)
    service.close()

asyncio.run(speak({"text": "Hello there.", "voice_id": sys.argv[2]}))
print("opentelemetry" in sys.modules)
"""


def _speak(tmp_path, voice_id="default", **env):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    ran = subprocess.run(
        [sys.executable, "-c", SPEAK, str(tmp_path), voice_id],
        env={**clean, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return ran


def test_a_request_is_a_span_with_its_parts_inside(tmp_path):
    with trace_collector() as collector:
        _speak(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    assert collector.resource["service.name"] == "chatterpod"
    root = collector.spans["speak"]
    told = attributes(root)
    assert (told["chatterpod.request_id"], told["chatterpod.outcome"]) == ("r1", "ok")
    assert told["chatterpod.engine"] == "preview"
    assert told["chatterpod.ttfa_ms"] > 0
    parts = [collector.spans[name] for name in ("queue", "voice", "first_audio", "speech")]
    assert {part.parent_span_id for part in parts} == {root.span_id}
    assert {part.trace_id for part in parts} == {root.trace_id}
    moments = [root.start_time_unix_nano, *(part.end_time_unix_nano for part in parts)]
    assert moments == sorted(moments)
    assert moments[-1] == pytest.approx(root.end_time_unix_nano, abs=1000)
    assert "Hello" not in str(collector.spans)


def test_a_failure_is_marked(tmp_path):
    with trace_collector() as collector:
        said = _speak(
            tmp_path, "nobody", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_SERVICE_NAME="speech"
        )
    assert "UnknownVoice" in said.stdout
    assert collector.resource["service.name"] == "speech"
    assert set(collector.spans) == {"speak"}
    status = collector.spans["speak"].status
    assert (status.code, "nobody" in status.message) == (status.STATUS_CODE_ERROR, True)


def test_without_a_collector_nothing_of_opentelemetry_is_imported(tmp_path):
    assert _speak(tmp_path).stdout.strip() == "False"


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_standard_variables_decide(environ, wanted):
    assert is_wanted(environ) is wanted
