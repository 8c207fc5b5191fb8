"""Two hundred requests at once, and two thousand one after the other, on the SDK's own loop."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
import soundfile
from speech import speak_clip
from storm import Followed, Storm

from benchmarks.memory import anonymous_mb_of
from benchmarks.soak import slope_kb
from local_runpod import LocalEndpoint
from voices.clips.decoding import decode_clip
from voices.clips.preparation import prepare_clip
from voices.publication import Publisher
from voices.registry import VoiceRegistry
from worker.engine.preview.prosody import pitch_hz

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.process

AT_ONCE = 200
TURBO_AT_ONCE = 40
"""Several times the decode slots: each costs five seconds of a core."""
VOICES = {"low": ("en-us", 10), "high": ("en-us+f3", 80)}


@pytest.fixture(scope="module")
def voices_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("volume")
    for voice_id, (language, pitch) in VOICES.items():
        clip = decode_clip(speak_clip(language=language, pitch=pitch).to_flac())
        Publisher(VoiceRegistry.at(directory)).add(voice_id, prepare_clip(clip))
    return directory


@pytest.fixture(scope="module")
def preview(voices_dir: Path) -> Iterator[LocalEndpoint]:
    env = {"ENGINE": "preview", "VOICES_DIR": str(voices_dir), "MAX_CONCURRENCY": str(AT_ONCE)}
    with LocalEndpoint(env=env) as endpoint:
        endpoint.wait_until_ready()
        yield endpoint


def run_at_once(storm: Storm, orders: list[dict[str, Any]], count: int = AT_ONCE) -> list[Followed]:
    """Return so many jobs of these orders, in turn, each whole and by its own name."""
    jobs = storm.run([orders[number % len(orders)] for number in range(count)])
    for job in jobs:
        assert (job.is_whole, job.status) == (True, "COMPLETED"), job
        assert job.stream.start is not None
        assert (job.stream.start.request_id, job.stream.start.voice_id) == (job.id, job.order["voice_id"])
    return jobs


def seconds_and_pitch(job: Followed) -> tuple[float, float | None]:
    samples = np.frombuffer(job.audio, "<i2") / 32768
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, 24_000, format="WAV")
    return len(samples) / 24_000, pitch_hz(decode_clip(buffer.getvalue()))


def test_each_of_200_previews_at_once_has_its_own_text_and_voice(preview: LocalEndpoint) -> None:
    """espeak-ng's voice trembles by chance: no two of its utterances have the same bytes."""
    rhyme = "The ship came home tonight, and the keeper wrote down her name in a book. "
    orders = [
        {"text": rhyme[:length], "voice_id": voice_id, "format": "pcm"}
        for length in (26, 48, 73)
        for voice_id in VOICES
    ]
    with Storm(preview.url) as storm:
        alone = [seconds_and_pitch(storm.run([order])[0]) for order in orders]
        assert min(np.diff(sorted({round(seconds, 1) for seconds, _ in alone}))) > 0.1
        for number, job in enumerate(run_at_once(storm, orders)):
            seconds, pitch = seconds_and_pitch(job)
            expected_seconds, expected_pitch = alone[number % len(orders)]
            assert seconds == pytest.approx(expected_seconds, rel=0.05)
            assert pitch == pytest.approx(expected_pitch, rel=0.15)


@pytest.mark.slow
def test_2000_requests_leave_no_memory_behind(preview: LocalEndpoint) -> None:
    limits = httpx.Limits(max_connections=32)
    with (
        httpx.Client(base_url=preview.url, timeout=60, limits=limits) as http,
        ThreadPoolExecutor(16) as pool,
    ):

        def ask(number: int) -> bool:
            order = {"text": "Hi.", "voice_id": list(VOICES)[number % 2], "format": "pcm_8000"}
            answer = http.post("/runsync", json={"input": order}).json()
            return answer["status"] == "COMPLETED" and answer["output"][-1]["type"] == "end"

        looks = []
        for first in range(0, 2000, 100):
            assert all(pool.map(ask, range(first, first + 100)))
            looks.append((first + 100, anonymous_mb_of(preview.worker_pids[0])))
    assert slope_kb(looks[6:]) < 2, looks


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_each_of_40_turbo_streams_at_once_is_as_if_alone(
    small_checkpoint: Path, voices_dir: Path, tmp_path: Path
) -> None:
    """In float32 to the byte: whoever speaks beside it, whenever it is its turn."""
    from synthetic.checkpoint import write_with_length

    write_with_length(tmp_path / "brief", small_checkpoint, 8, "small")
    env = {
        "ENGINE": "chatterbox-turbo",
        "MODEL_DIR": str(tmp_path / "brief"),
        "DEVICE": "cpu",
        "T3_PRECISION": "float32",
        "FLOW_STEPS": "1",
        "PROMPT_SECONDS": "1",
        "VOICES_DIR": str(voices_dir),
        "MAX_CONCURRENCY": str(TURBO_AT_ONCE),
        "DECODE_SLOTS": "16",
    }
    orders = [
        {"text": "Please listen.", "voice_id": voice_id, "seed": seed, "stream": stream, "format": "pcm"}
        for voice_id in VOICES
        for seed in (1, 2)
        for stream in (True, False)
    ]
    with LocalEndpoint(env=env) as endpoint, Storm(endpoint.url, timeout_s=800) as storm:
        endpoint.wait_until_ready()
        alone = [storm.run([order])[0].audio for order in orders]
        assert len(set(alone)) >= 4
        for number, job in enumerate(run_at_once(storm, orders, TURBO_AT_ONCE)):
            assert job.audio == alone[number % len(orders)]
