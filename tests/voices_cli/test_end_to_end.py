"""End to end on real parts: the command, an S3 server, and a worker that mounts the same files."""

import json
import os
import subprocess
import sys

import pytest
from s3_server import s3_server  # noqa: F401 - a fixture

from chatterpod import RequestFailed, SpeechClient
from local_runpod.local_endpoint import LocalEndpoint

pytestmark = pytest.mark.process


def test_a_voice_added_through_s3_is_spoken_by_a_running_worker_and_gone_when_deleted(s3_server, clip_file):  # noqa: F811
    volume = s3_server.bucket_dir / "voices"
    environment = {
        **os.environ,
        "ENGINE": "preview",
        "RUNPOD_S3_ACCESS_KEY_ID": s3_server.credentials.access_key_id,
        "RUNPOD_S3_SECRET_ACCESS_KEY": s3_server.credentials.secret_access_key,
        "AWS_DEFAULT_REGION": "EU-RO-1",
    }
    target = ["--target", f"s3://{s3_server.bucket_dir.name}/voices", "--endpoint-url", s3_server.url]

    def voices(*arguments):
        command = [sys.executable, "-m", "voices_cli", *arguments, *target, "--json"]
        finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        assert s3_server.credentials.secret_access_key not in finished.stdout + finished.stderr
        return json.loads(finished.stdout)

    worker = {"ENGINE": "preview", "VOICES_DIR": str(volume)}
    with LocalEndpoint(env=worker) as endpoint, SpeechClient(endpoint.url) as client:
        endpoint.wait_until_ready()
        with pytest.raises(RequestFailed, match="no voice 'anna'"):
            client.speak("Hello.", voice_id="anna").read()

        assert voices("add", "anna", str(clip_file))["fingerprints"] == ["preview-1"]
        speech = client.speak("Hello.", voice_id="anna")
        assert speech.read()
        assert speech.metrics["voice_cache"] == "miss"
        assert [voice["voice_id"] for voice in voices("list")] == ["anna"]
        assert voices("verify") == []

        voices("delete", "anna", "--yes")
        with pytest.raises(RequestFailed) as caught:
            client.speak("Hello.", voice_id="anna").read()
        assert caught.value.code == "unknown_voice"
    assert voices("list") == []
