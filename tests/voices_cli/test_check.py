"""``voices check``, and what ``voices add`` does with good and bad clips."""

import json
import subprocess
import sys

import numpy as np
import pytest
from clips import RATE, resized, save, written
from PIL import Image
from typer.testing import CliRunner

from voices_cli.app import app

pytestmark = pytest.mark.process


@pytest.fixture
def voices(tmp_path, monkeypatch):
    """Run the command on a directory of its own."""
    monkeypatch.setenv("VOICES_DIR", str(tmp_path / "voices"))
    runner = CliRunner()
    return lambda *arguments: runner.invoke(app, [str(each) for each in arguments])


@pytest.fixture
def good(tmp_path, speech):
    return save(tmp_path / "good.wav", written(resized(speech, 14)))


@pytest.fixture
def clipped(tmp_path, speech):
    return save(tmp_path / "clipped.wav", written(np.clip(resized(speech, 14) * 5, -1, 1)))


@pytest.fixture
def tiny(tmp_path, speech):
    return save(tmp_path / "tiny.wav", written(resized(speech, 3)))


class TestCheck:
    def test_a_good_clip_is_good(self, voices, good):
        checked = voices("check", good)
        assert checked.exit_code == 0
        assert "bandwidth" in checked.stdout
        assert "keeps 1" in checked.stdout
        assert checked.stdout.endswith("good\n")

    def test_a_warning_is_told_and_is_an_error_when_strict(self, voices, clipped):
        checked = voices("check", clipped)
        assert checked.exit_code == 0
        assert "warning: clipped.wav: It is clipped" in checked.stdout
        strict = voices("check", clipped, "--strict")
        assert strict.exit_code == 5
        assert "refused by --strict" in strict.stdout

    def test_what_cannot_be_a_voice_has_its_exit_code(self, voices, tiny):
        checked = voices("check", tiny)
        assert checked.exit_code == 5
        assert "error: The clip has only 2" in checked.stdout
        assert "not usable" in checked.stdout

    @pytest.mark.parametrize(
        ("content", "code"), [(b"", "empty"), (b"some text " * 100, "not_audio"), (None, "no_file")]
    )
    def test_what_is_not_audio_is_a_finding_too(self, voices, tmp_path, content, code):
        path = tmp_path / "bad.wav"
        if content is not None:
            path.write_bytes(content)
        checked = voices("check", path, "--json")
        assert checked.exit_code == 5
        answer = json.loads(checked.stdout)
        assert not answer["usable"]
        assert [finding["code"] for finding in answer["findings"]] == [code]

    def test_json_has_numbers_findings_and_what_would_be_kept(self, voices, good, clipped):
        checked = voices("check", good, clipped, "--json")
        answer = json.loads(checked.stdout)
        assert answer["usable"]
        assert [each["clip"] for each in answer["recordings"]] == ["good.wav", "clipped.wav"]
        assert answer["recordings"][1]["clipped_share"] > 0.01
        assert [(each["code"], each["clip"]) for each in answer["findings"]] == [("clipped", "clipped.wav")]
        assert [each["clip"] for each in answer["kept"]] == ["good.wav", "clipped.wav"]

    def test_of_several_the_one_that_cannot_be_read_is_named(self, voices, good, tmp_path):
        bad = save(tmp_path / "bad.wav", b"x" * 100)
        assert "bad.wav: " in voices("check", good, bad).stdout

    def test_it_writes_nothing(self, voices, good, tmp_path):
        voices("check", good)
        assert [path.name for path in tmp_path.iterdir()] == ["good.wav"]

    def test_without_a_clip_it_makes_no_sense(self, voices):
        assert voices("check").exit_code == 2


class TestPlot:
    def test_draws_a_picture(self, voices, good, clipped, tmp_path):
        picture = tmp_path / "out.png"
        assert voices("check", good, clipped, "--plot", picture).exit_code == 0
        with Image.open(picture) as image:
            assert image.format == "PNG"
            assert image.width >= 1000

    def test_draws_what_is_refused_too(self, voices, tmp_path):
        path = save(tmp_path / "cost $5 and $6.wav", written(np.zeros(RATE, np.float32)))
        assert voices("check", path, "--plot", tmp_path / "out.png").exit_code == 5
        assert (tmp_path / "out.png").stat().st_size > 1000

    def test_a_picture_that_cannot_be_written_is_an_error(self, voices, good, tmp_path):
        refused = voices("check", good, "--plot", tmp_path / "nowhere" / "out.png")
        assert refused.exit_code == 7
        assert "there is no folder" in refused.stderr


class TestAdd:
    def test_several_clips_make_one_voice(self, voices, good, tiny):
        added = voices("add", "anna", good, tiny, "--no-precompute", "--json")
        assert added.exit_code == 0
        answer = json.loads(added.stdout)
        assert [each["clip"] for each in answer["kept"]] == ["good.wav", "tiny.wav"]
        assert answer["findings"] == []

    def test_warnings_go_to_standard_error_and_the_voice_is_added(self, voices, clipped):
        added = voices("add", "anna", clipped, "--no-precompute")
        assert added.exit_code == 0
        assert "warning: clipped.wav: It is clipped" in added.stderr
        assert "keeps" in added.stdout

    def test_strict_refuses_and_leaves_nothing(self, voices, clipped, tmp_path):
        picture = tmp_path / "out.png"
        refused = voices("add", "anna", clipped, "--no-precompute", "--strict", "--plot", picture)
        assert refused.exit_code == 5
        assert "clipped" in refused.stderr
        assert picture.exists()
        assert not (tmp_path / "voices").exists()


def test_checking_without_a_picture_never_imports_matplotlib(good):
    script = (
        "import sys\n"
        "from voices_cli.app import app\n"
        f"sys.argv = ['voices', 'check', {str(good)!r}]\n"
        "try:\n    app()\nexcept SystemExit as done:\n    assert not done.code\n"
        "assert 'matplotlib' not in sys.modules and 'torch' not in sys.modules"
    )
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
