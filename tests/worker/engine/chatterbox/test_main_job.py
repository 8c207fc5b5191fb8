"""The main job with Chatterbox Turbo: a clip becomes a voice, a job becomes speech. Random weights."""

import io
import json

import pytest
import soundfile
from typer.testing import CliRunner

from chatterpod import SpeechClient
from local_runpod.local_endpoint import LocalEndpoint
from voices_cli.app import app as voices
from worker.commands import app as worker

SAMPLES_PER_TOKEN = 960
SILENCE_TOKENS = 3
MOST_TRIMMED = 2 * SILENCE_TOKENS * SAMPLES_PER_TOKEN

pytestmark = pytest.mark.usefixtures("quick_decodes")


def test_a_voice_is_precomputed_by_the_command_and_spoken_by_the_worker(
    small_checkpoint, clip_file, tmp_path
):
    volume = tmp_path / "voices"
    engine = [
        "--engine",
        "chatterbox-turbo",
        "--model-dir",
        str(small_checkpoint),
        "--target",
        str(volume),
    ]
    added = CliRunner().invoke(voices, ["add", "anna", str(clip_file), *engine, "--json"])
    assert added.exit_code == 0, added.output
    assert json.loads(added.stdout)["fingerprints"][0].startswith("chatterbox-turbo-")

    env = {"ENGINE": "auto", "MODEL_DIR": str(small_checkpoint), "VOICES_DIR": str(volume)}
    with LocalEndpoint(env=env) as endpoint, SpeechClient(endpoint.url) as client:
        endpoint.wait_until_ready()
        speech = client.speak("Good evening.", voice_id="anna", format="wav", seed=1, exaggeration=0.5)
        samples, rate = soundfile.read(io.BytesIO(speech.read()))
        again = client.speak("Good evening.", voice_id="anna", format="wav", seed=1)
        assert again.read()
    assert speech.start.engine == "chatterbox-turbo"
    assert speech.start.ignored == ("exaggeration",)
    assert speech.metrics["voice_cache"] == "miss"
    assert again.metrics["voice_cache"] == "hit"
    assert again.end.sha256 == speech.end.sha256
    tokens = speech.metrics["speech_tokens"]
    # Silence is trimmed at both ends, the three tokens of it that the model is given at the end among it.
    missing = (tokens + SILENCE_TOKENS) * SAMPLES_PER_TOKEN - len(samples)
    assert rate == 24_000
    assert 0 <= missing <= MOST_TRIMMED


def test_say_writes_a_file_of_the_right_length(small_checkpoint, tmp_path):
    out = tmp_path / "hello.wav"
    arguments = ["say", "Hello there.", "--engine", "chatterbox-turbo", "--model-dir", str(small_checkpoint)]
    said = CliRunner().invoke(worker, [*arguments, "--out", str(out), "--seed", "3", "--json"])
    assert said.exit_code == 0, said.output
    end = json.loads(said.stdout)["end"]
    assert soundfile.info(out).duration == pytest.approx(end["audio_seconds"], abs=0.001)
    spoken = (end["metrics"]["speech_tokens"] + SILENCE_TOKENS) / 25
    assert spoken - MOST_TRIMMED / 24_000 <= end["audio_seconds"] <= spoken


def test_a_synthetic_checkpoint_is_not_written_over_other_files(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    refused = CliRunner().invoke(worker, ["synthetic-checkpoint", str(tmp_path), "--t3", "small"])
    assert refused.exit_code == 1
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
