"""A worker that cannot speak: what another machine may do better ends it, the rest is told to every job."""

import sys
import time

import pytest

from chatterpod import EngineFailure, SpeechClient
from local_runpod import LocalEndpoint

pytestmark = pytest.mark.process

BROKEN_GPU = """
from worker.errors import DeviceFailure
from worker.handler import serve_jobs
from worker.service.unable import Unable
from worker.settings import Settings

if __name__ == "__main__":
    serve_jobs(Unable(DeviceFailure("The GPU fell off the bus.")), Settings())
"""


def test_a_broken_gpu_is_reported_and_ends_the_worker_before_it_takes_a_job(tmp_path):
    script = tmp_path / "broken.py"
    script.write_text(BROKEN_GPU)
    with LocalEndpoint([sys.executable, str(script)]) as endpoint, SpeechClient(endpoint.url) as client:
        deadline = time.monotonic() + 60
        while endpoint.exit_code() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert endpoint.exit_code() == 1
        assert client.health()["workers"]["ready"] == 0
        assert "fell off the bus" in endpoint.worker_log()


def test_settings_that_cannot_be_are_told_to_every_job(tmp_path):
    env = {"MAX_CONCURRENCY": "0", "VOICES_DIR": str(tmp_path)}
    with LocalEndpoint(env=env) as endpoint, SpeechClient(endpoint.url, timeout=60) as client:
        endpoint.wait_until_ready()
        for _ in range(2):
            with pytest.raises(EngineFailure, match="MAX_CONCURRENCY: "):
                client.speak("Hello.").read()
