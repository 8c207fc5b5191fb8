"""ChatterboxTurbo against the stock library, and as the Engine that the worker knows."""

import gc
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import torch

from voices.clip import Clip
from voices.conditionals import Conditionals
from voices.errors import InvalidClip, UnknownVoice, VoiceIncompatible
from worker.engine.base import Engine, SpeechOptions
from worker.engine.chatterbox.conditionals import from_upstream
from worker.engine.chatterbox.turbo import ChatterboxTurbo
from worker.engine.chatterbox.upstream import perth, without_warnings
from worker.engine.checkpoint import BUILT_IN_VOICE_FILE, VOICE_ENCODER_FILE
from worker.errors import EngineFailure

TEXTS = ["hello there: this is “short”", "[sigh] Another sentence, somewhat longer, with a tag in front!"]
SEED = 5


def never() -> bool:
    return False


def speak(
    engine: ChatterboxTurbo,
    text: str,
    conditionals: Conditionals,
    options: SpeechOptions = SpeechOptions(seed=SEED),  # noqa: B008 - frozen
) -> npt.NDArray[np.float32]:
    blocks = engine.stream(text, conditionals, options, never)
    return np.concatenate([block.samples for block in blocks])


def stock_speak(stock: Any, text: str) -> npt.NDArray[np.float32]:
    """Speak as stock does, but for the watermark: ours is Perth's, computed another way."""
    stock.watermarker = SimpleNamespace(apply_watermark=lambda samples, **_: samples)
    torch.manual_seed(SEED)
    samples: npt.NDArray[np.float32] = stock.generate(text)[0].numpy()
    return samples


def stock_prepare(stock: Any, clip: Clip, directory: Path) -> None:
    file = directory / "reference.wav"
    soundfile.write(file, clip.samples, clip.sample_rate, subtype="FLOAT")
    with without_warnings():
        stock.prepare_conditionals(file)


@pytest.fixture(scope="module")
def unmarked_engine(small_checkpoint: Path) -> ChatterboxTurbo:
    return ChatterboxTurbo(small_checkpoint, device="cpu", watermark=False)


@pytest.fixture(scope="module")
def low_voice(engine: ChatterboxTurbo, low_clip: Clip) -> Conditionals:
    return engine.prepare(low_clip)


@pytest.fixture(scope="module")
def low_speech(engine: ChatterboxTurbo, low_voice: Conditionals) -> npt.NDArray[np.float32]:
    """Return the first text in the low voice: what other ways to speak it are compared with."""
    return speak(engine, TEXTS[0], low_voice)


def test_is_an_engine(engine: ChatterboxTurbo) -> None:
    declared: Engine = engine
    assert (declared.name, declared.sample_rate, declared.watermarks) == ("chatterbox-turbo", 24_000, True)
    assert declared.options == {"seed", "temperature", "top_p", "top_k", "repetition_penalty"}


class TestParity:
    @pytest.mark.parametrize("text", TEXTS)
    def test_a_cloned_voice_speaks_as_stock_does(
        self,
        unmarked_engine: ChatterboxTurbo,
        stock: Any,
        low_voice: Conditionals,
        low_clip: Clip,
        tmp_path: Path,
        text: str,
    ) -> None:
        stock_prepare(stock, low_clip, tmp_path)
        np.testing.assert_array_equal(speak(unmarked_engine, text, low_voice), stock_speak(stock, text))

    @pytest.mark.parametrize("text", TEXTS)
    def test_the_built_in_voice_speaks_as_stock_does(
        self, unmarked_engine: ChatterboxTurbo, stock: Any, small_checkpoint: Path, text: str
    ) -> None:
        stock.conds = type(stock.conds).load(small_checkpoint / BUILT_IN_VOICE_FILE)
        ours = speak(unmarked_engine, text, unmarked_engine.default_conditionals())
        np.testing.assert_array_equal(ours, stock_speak(stock, text))

    @pytest.mark.parametrize("clip", ["low_clip", "high_clip"])
    def test_conditionals_equal_stocks(
        self, engine: ChatterboxTurbo, stock: Any, tmp_path: Path, clip: str, request: pytest.FixtureRequest
    ) -> None:
        reference: Clip = request.getfixturevalue(clip)
        stock_prepare(stock, reference, tmp_path)
        expected = from_upstream(vars(stock.conds.t3), stock.conds.gen)
        prepared = engine.prepare(reference)
        assert prepared.tensors.keys() == expected.keys()
        for name, tensor in expected.items():
            np.testing.assert_array_equal(prepared.tensors[name], tensor, err_msg=name)
            assert prepared.tensors[name].dtype == tensor.dtype, name

    @pytest.mark.slow
    def test_the_full_size_model_speaks_as_stock_does(self, tmp_path: Path) -> None:
        """One second of speech, for stock needs many times as long."""
        from chatterbox.tts_turbo import ChatterboxTurboTTS

        from worker.engine.chatterbox.synthetic import write_synthetic_checkpoint

        write_synthetic_checkpoint(tmp_path / "full", speech_tokens=(25, 25))
        engine = ChatterboxTurbo(tmp_path / "full", device="cpu", watermark=False)
        ours = speak(engine, TEXTS[0], engine.default_conditionals())
        engine.close()
        del engine
        gc.collect()
        with without_warnings():
            stock = ChatterboxTurboTTS.from_local(tmp_path / "full", "cpu")
        np.testing.assert_array_equal(ours, stock_speak(stock, TEXTS[0]))
        for file in (tmp_path / "full").iterdir():
            file.unlink()


class TestStream:
    def test_yields_finite_mono_float32_within_bounds(
        self, engine: ChatterboxTurbo, low_speech: npt.NDArray[np.float32]
    ) -> None:
        assert low_speech.dtype == np.float32
        assert low_speech.ndim == 1
        assert np.isfinite(low_speech).all()
        assert 0.001 < np.abs(low_speech).max() <= 1.0
        assert 0.8 < len(low_speech) / engine.sample_rate < 2.0

    def test_without_a_seed_it_speaks_differently_each_time(
        self, engine: ChatterboxTurbo, low_voice: Conditionals
    ) -> None:
        torch.manual_seed(0)
        before = torch.get_rng_state()
        first, second = (speak(engine, TEXTS[0], low_voice, SpeechOptions()) for _ in range(2))
        assert first.shape != second.shape or not np.array_equal(first, second)
        assert torch.equal(torch.get_rng_state(), before)

    def test_interleaved_voices_never_cross(
        self,
        engine: ChatterboxTurbo,
        low_voice: Conditionals,
        low_speech: npt.NDArray[np.float32],
        high_clip: Clip,
    ) -> None:
        high_voice = engine.prepare(high_clip)
        streams = [
            engine.stream(TEXTS[0], voice, SpeechOptions(seed=SEED), never)
            for voice in (high_voice, low_voice, high_voice)
        ]
        high, low, high_again = (next(stream).samples for stream in streams)
        np.testing.assert_array_equal(low, low_speech)
        np.testing.assert_array_equal(high, high_again)
        assert high.shape != low.shape or not np.array_equal(high, low)

    def test_yields_nothing_once_cancelled(self, engine: ChatterboxTurbo, low_voice: Conditionals) -> None:
        assert list(engine.stream(TEXTS[0], low_voice, SpeechOptions(), lambda: True)) == []

    def test_a_blank_text_is_silent(self, engine: ChatterboxTurbo, low_voice: Conditionals) -> None:
        assert list(engine.stream(" \n", low_voice, SpeechOptions(), never)) == []

    def test_conditionals_survive_being_kept(
        self, engine: ChatterboxTurbo, low_voice: Conditionals, low_speech: npt.NDArray[np.float32]
    ) -> None:
        kept = Conditionals.from_bytes(low_voice.to_bytes())
        np.testing.assert_array_equal(speak(engine, TEXTS[0], kept), low_speech)

    def test_foreign_conditionals_are_refused(self, engine: ChatterboxTurbo, low_voice: Conditionals) -> None:
        foreign = Conditionals("preview-0", low_voice.tensors)
        with pytest.raises(VoiceIncompatible, match="preview-0"):
            next(engine.stream(TEXTS[0], foreign, SpeechOptions(), never))

    def test_conditionals_with_a_tensor_missing_are_refused(
        self, engine: ChatterboxTurbo, low_voice: Conditionals
    ) -> None:
        tensors = {name: tensor for name, tensor in low_voice.tensors.items() if name != "gen.embedding"}
        with pytest.raises(VoiceIncompatible, match=r"lack gen\.embedding"):
            next(engine.stream(TEXTS[0], Conditionals(engine.fingerprint, tensors), SpeechOptions(), never))

    def test_a_failing_model_is_reported_without_its_insides(
        self, engine: ChatterboxTurbo, low_voice: Conditionals, caplog: pytest.LogCaptureFixture
    ) -> None:
        tensors = {**low_voice.tensors, "gen.embedding": np.zeros((1, 7), np.float32)}
        broken = Conditionals(engine.fingerprint, tensors)
        with pytest.raises(EngineFailure, match=r"could not speak \(RuntimeError\)") as caught:
            next(engine.stream(TEXTS[0], broken, SpeechOptions(), never))
        assert "Traceback" not in caught.value.message
        assert "Traceback" in caplog.text


class TestPrepare:
    def test_a_clip_of_five_seconds_is_too_short(self, engine: ChatterboxTurbo, low_clip: Clip) -> None:
        with pytest.raises(InvalidClip, match=r"5\.0 s"):
            engine.prepare(Clip(low_clip.samples[: 5 * 24_000]))

    def test_the_fingerprint_is_the_engines(self, engine: ChatterboxTurbo, low_voice: Conditionals) -> None:
        assert low_voice.fingerprint == engine.fingerprint

    def test_a_voice_takes_a_fraction_of_a_megabyte(self, low_voice: Conditionals) -> None:
        assert low_voice.nbytes < 250_000

    def test_a_clip_at_another_rate_is_resampled(self, engine: ChatterboxTurbo, low_clip: Clip) -> None:
        prepared = engine.prepare(Clip(low_clip.samples, sample_rate=16_000))
        assert prepared.tensors["gen.prompt_feat"].shape == (1, 500, 80)


class TestDefaultVoice:
    def test_there_is_none_without_its_file(self, altered_checkpoint: Path) -> None:
        (altered_checkpoint / BUILT_IN_VOICE_FILE).unlink()
        with pytest.raises(UnknownVoice, match="default"):
            ChatterboxTurbo(altered_checkpoint, watermark=False).default_conditionals()

    def test_a_pickle_that_would_run_code_does_not(self, altered_checkpoint: Path, tmp_path: Path) -> None:
        class Harmful:
            def __reduce__(self) -> tuple[Any, ...]:
                return (os.mkdir, (str(tmp_path / "harmed"),))

        file = altered_checkpoint / BUILT_IN_VOICE_FILE
        file.unlink()
        torch.save({"t3": Harmful(), "gen": {}}, file)
        with pytest.raises(EngineFailure, match="could not read the built-in voice"):
            ChatterboxTurbo(altered_checkpoint, watermark=False).default_conditionals()
        assert not (tmp_path / "harmed").exists()


class TestConstruction:
    def test_without_the_watermark_the_samples_are_unmarked(
        self, engine: ChatterboxTurbo, unmarked_engine: ChatterboxTurbo
    ) -> None:
        assert not unmarked_engine.watermarks
        voice = engine.default_conditionals()
        unmarked, marked = (speak(which, TEXTS[0], voice) for which in (unmarked_engine, engine))
        assert len(unmarked) == len(marked)
        assert len(unmarked) % 960 == 0
        detector = perth.PerthImplicitWatermarker()
        assert detector.get_watermark(marked, sample_rate=24_000).mean() > 0.9
        assert detector.get_watermark(unmarked, sample_rate=24_000).mean() < 0.1

    def test_a_missing_watermark_says_what_to_install(
        self, small_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "perth").mkdir()
        (tmp_path / "perth" / "__init__.py").touch()
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "perth")
        with pytest.raises(EngineFailure, match=r"pip install .*resemble-perth"):
            ChatterboxTurbo(small_checkpoint)

    def test_a_missing_file_is_an_engine_failure(self, altered_checkpoint: Path) -> None:
        (altered_checkpoint / VOICE_ENCODER_FILE).unlink()
        with pytest.raises(EngineFailure, match=r"could not be loaded \(FileNotFoundError\)"):
            ChatterboxTurbo(altered_checkpoint)

    def test_a_closed_engine_refuses(self, small_checkpoint: Path, engine: ChatterboxTurbo) -> None:
        closed = ChatterboxTurbo(small_checkpoint, watermark=False)
        closed.close()
        with pytest.raises(EngineFailure, match="closed"):
            next(closed.stream(TEXTS[0], engine.default_conditionals(), SpeechOptions(), never))
