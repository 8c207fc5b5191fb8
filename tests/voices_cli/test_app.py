"""The ``voices`` command, as a user types it."""

import json
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from voices.clips.clip import Clip
from voices_cli.app import app

pytestmark = pytest.mark.process


@pytest.fixture
def voices(tmp_path, monkeypatch):
    """Run the command on a directory of its own; the answer has exit code, output and parsed JSON."""
    monkeypatch.setenv("VOICES_DIR", str(tmp_path / "voices"))
    monkeypatch.setenv("ENGINE", "preview")
    runner = CliRunner()

    def run(*arguments, input=None):  # noqa: A002
        return runner.invoke(app, [str(each) for each in arguments], input=input)

    run.directory = tmp_path / "voices"
    return run


def _left_behind(voices):
    return sorted(path.name for path in voices.directory.rglob("*")) if voices.directory.exists() else []


class TestAdd:
    def test_publishes_a_voice_with_precomputed_conditionals(self, voices, clip_file):
        added = voices("add", "anna", clip_file, "--name", "Anna B", "--label", "mood=calm", "--json")
        assert added.exit_code == 0
        voice = json.loads(added.stdout)
        assert voice["name"] == "Anna B"
        assert voice["labels"] == {"mood": "calm"}
        assert voice["fingerprints"] == ["preview-1"]
        assert _left_behind(voices) == [
            "anna",
            "conditionals-preview-1.safetensors",
            "reference.flac",
            "voice.json",
        ]

    def test_tells_a_person_what_was_kept(self, voices, clip_file):
        added = voices("add", "anna", clip_file)
        assert "added anna" in added.stdout
        assert "s of speech" in added.stdout

    def test_leaves_the_conditionals_to_the_worker_when_asked(self, voices, clip_file):
        added = voices("add", "anna", clip_file, "--no-precompute", "--json")
        assert json.loads(added.stdout)["fingerprints"] == []

    def test_refuses_a_taken_id_unless_forced(self, voices, clip_file):
        voices("add", "anna", clip_file)
        again = voices("add", "anna", clip_file)
        assert again.exit_code == 3
        assert "--force" in again.stderr
        assert voices("add", "anna", clip_file, "--force").exit_code == 0

    @pytest.mark.parametrize(
        ("seconds", "level", "told"), [(10, 0.0, "silent"), (3, 1.0, "only"), (3700, 1.0, "10 minutes")]
    )
    def test_refuses_a_clip_that_cannot_be_a_voice(self, voices, speech, tmp_path, seconds, level, told):
        samples = np.resize(speech.samples, seconds * speech.sample_rate) * np.float32(level)
        path = tmp_path / "bad.flac"
        path.write_bytes(Clip(samples, speech.sample_rate).to_flac())
        refused = voices("add", "anna", path)
        assert refused.exit_code == 5
        assert told in refused.stderr
        assert _left_behind(voices) == []

    @pytest.mark.parametrize("content", [b"", b"not audio at all " * 50])
    def test_refuses_what_is_not_audio(self, voices, tmp_path, content):
        path = tmp_path / "bad.wav"
        path.write_bytes(content)
        refused = voices("add", "anna", path, "--json")
        assert refused.exit_code == 5
        assert json.loads(refused.stdout)["error"]["field"] == "clip"
        assert _left_behind(voices) == []

    @pytest.mark.parametrize("voice_id", ["../../etc/passwd", "Anna", "default"])
    def test_refuses_an_id_that_cannot_be(self, voices, clip_file, voice_id):
        assert voices("add", voice_id, clip_file).exit_code == 5
        assert _left_behind(voices) == []

    def test_refuses_a_label_without_a_value(self, voices, clip_file):
        assert voices("add", "anna", clip_file, "--label", "calm").exit_code == 2

    def test_refuses_a_language_that_is_none(self, voices, clip_file):
        refused = voices("add", "anna", clip_file, "--language", "../x")
        assert refused.exit_code == 5
        assert "language" in refused.stderr
        assert _left_behind(voices) == []

    def test_says_what_is_missing_when_there_is_no_checkpoint(self, voices, clip_file, tmp_path):
        missing = voices("add", "anna", clip_file, "--engine", "chatterbox-turbo", "--model-dir", tmp_path)
        assert missing.exit_code == 8
        assert "t3_turbo_v1.safetensors" in missing.stderr
        assert _left_behind(voices) == []

    def test_refuses_an_engine_that_is_none(self, voices, clip_file):
        assert "ENGINE" in voices("add", "anna", clip_file, "--engine", "best").stderr


class TestListAndShow:
    def test_an_empty_directory_lists_nothing(self, voices):
        assert json.loads(voices("list", "--json").stdout) == []
        assert "no voices" in voices("list").stdout

    def test_a_voice_is_listed_and_shown(self, voices, clip_file):
        voices("add", "anna", clip_file)
        assert [voice["voice_id"] for voice in json.loads(voices("list", "--json").stdout)] == ["anna"]
        assert "anna" in voices("list").stdout
        assert "LUFS" in voices("show", "anna").stdout

    def test_damage_is_listed_and_refused_on_show(self, voices, clip_file):
        voices("add", "anna", clip_file)
        (voices.directory / "anna" / "reference.flac").write_bytes(b"x")
        shown = voices("show", "anna")
        assert shown.exit_code == 6
        assert "damaged" in shown.stderr
        (voices.directory / "anna" / "voice.json").write_text("{")
        listed = voices("list")
        assert listed.exit_code == 0
        assert "voice_corrupt" in listed.stdout

    def test_markup_in_a_name_is_only_text(self, voices, clip_file):
        voices("add", "anna", clip_file, "--name", "[red]Anna[/]")
        assert "[red]Anna[/]" in voices("list").stdout


class TestDelete:
    def test_asks_first(self, voices, clip_file):
        voices("add", "anna", clip_file)
        assert voices("delete", "anna", input="n\n").exit_code == 1
        assert "anna" in _left_behind(voices)
        assert voices("delete", "anna", input="y\n").exit_code == 0
        assert _left_behind(voices) == []

    def test_an_unknown_voice_is_an_error(self, voices):
        refused = voices("delete", "anna", "--yes", "--json")
        assert refused.exit_code == 4
        assert json.loads(refused.stdout)["error"]["code"] == "unknown_voice"

    def test_a_damaged_voice_can_be_deleted(self, voices, clip_file):
        voices("add", "anna", clip_file)
        (voices.directory / "anna" / "voice.json").write_text("{")
        assert voices("delete", "anna", "--yes").exit_code == 0
        assert _left_behind(voices) == []


def test_help_imports_neither_torch_nor_runpod():
    script = (
        "import sys\n"
        "from voices_cli.app import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'runpod', 'av', 'scipy', 'worker'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


def test_adding_a_voice_with_preview_never_imports_torch(tmp_path, clip_file):
    script = (
        "import sys\n"
        "from voices_cli.app import app\n"
        f"sys.argv = ['voices', 'add', 'anna', {str(clip_file)!r}, '--engine', 'preview',"
        f" '--target', {str(tmp_path / 'v')!r}]\n"
        "try:\n    app()\nexcept SystemExit as done:\n    assert not done.code\n"
        "assert 'torch' not in sys.modules and 'runpod' not in sys.modules"
    )
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
