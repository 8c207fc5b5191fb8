"""The mechanics of ``benchmarks.quality``: random weights make noise, so no figure is held to anything."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.quality import words
from benchmarks.quality.likeness import SpeakerSimilarity, mel_distance
from benchmarks.quality.words import find_recogniser, heard_error_rate, word_error_rate
from voices.clips.clip import Clip

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def cli():
    import typer

    from benchmarks.quality.__main__ import main

    app = typer.Typer()
    app.command()(main)
    return lambda *arguments: CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def no_recogniser(monkeypatch):
    monkeypatch.setattr(words, "find_spec", lambda name: None)


@pytest.mark.parametrize(
    ("heard", "errors"),
    [
        ("Send it to Anna, please.", 0),
        ("send it to anna please", 0),
        ("Send it to Hanna, please.", 1),
        ("Send it to Anna.", 1),
        ("Do send it to Anna, please.", 1),
        ("", 5),
        ("please anna to it send", 4),
    ],
)
def test_errors_are_words_changed_left_out_or_put_in(heard, errors):
    assert word_error_rate("Send it to Anna, please. [laugh]", heard) == pytest.approx(errors / 5)


def test_a_text_without_words_has_no_error_rate():
    with pytest.raises(ValueError, match="no word"):
        word_error_rate("[laugh]", "ha")


def test_a_recogniser_is_given_speech_at_its_own_rate():
    given = []

    def transcribe(samples):
        given.append(len(samples))
        return "one two"

    assert heard_error_rate(transcribe, Clip(np.zeros(24_000, np.float32)), "one two three") == pytest.approx(
        1 / 3
    )
    assert given == [16_000]


def test_without_a_recogniser_there_is_none(no_recogniser):
    assert find_recogniser("small") is None


def test_the_same_speech_has_no_mel_distance(speech):
    assert mel_distance(speech.samples, speech.samples).worst_db == 0.0


def test_the_worst_frame_is_where_the_speech_was_changed(speech):
    changed = speech.samples.copy()
    changed[48_000:50_400] = 0.0
    distance = mel_distance(speech.samples, changed)
    assert distance.worst_at_s == pytest.approx(2.05, abs=0.1)
    assert distance.worst_db > 10 * distance.mean_db > 0


def test_speech_of_another_length_is_not_compared(speech):
    assert mel_distance(speech.samples, speech.samples[:-1]) is None


def test_a_voice_is_like_itself_whatever_its_loudness(small_checkpoint, speech):
    similarity = SpeakerSimilarity(small_checkpoint)
    assert similarity.between(speech, Clip(speech.samples, speech.sample_rate)) == pytest.approx(
        1.0, abs=1e-5
    )
    noise = Clip(np.random.default_rng(0).normal(0, 0.1, 72_000).astype(np.float32))
    assert similarity.between(speech, noise) < 0.999


@pytest.mark.timeout(300)
def test_random_weights_are_judged_and_said_to_mean_nothing(cli, small_checkpoint, clip_file, tmp_path):
    texts, out = tmp_path / "texts.txt", tmp_path / "out.json"
    texts.write_text("One text.\n\n...\n")
    result = cli("--checkpoint", small_checkpoint, "--clip", clip_file, "--texts", texts, "--json", out)
    assert result.exit_code == 0, result.output
    assert "mean nothing" in result.output
    report = json.loads(out.read_text())
    assert "mean nothing" in report["notes"][0]
    metrics = {each["metric"] for each in report["results"] if each["case"] == "quality/text=1"}
    assert metrics >= {"speaker_similarity", "mel_distance_db", "worst_frame_db", "rtf"}
    assert "word_error_rate" not in metrics
    assert {each["case"] for each in report["results"]} == {"quality/clip", "quality/text=1", "quality/all"}


def test_a_directory_without_weights_is_refused(cli, clip_file, tmp_path):
    result = cli("--checkpoint", tmp_path, "--clip", clip_file)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_clip_that_is_no_audio_is_refused(cli, small_checkpoint, tmp_path):
    (tmp_path / "clip.wav").write_text("not audio")
    result = cli("--checkpoint", small_checkpoint, "--clip", tmp_path / "clip.wav")
    assert result.exit_code == 2
    assert result.output.startswith("quality: ")


def test_texts_without_a_word_are_refused(cli, small_checkpoint, clip_file, tmp_path):
    (tmp_path / "texts.txt").write_text("\n...\n")
    result = cli("--checkpoint", small_checkpoint, "--clip", clip_file, "--texts", tmp_path / "texts.txt")
    assert result.exit_code == 2
    assert "no text to speak" in result.output
