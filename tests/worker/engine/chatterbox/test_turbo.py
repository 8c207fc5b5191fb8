"""ChatterboxTurbo against the stock library, and as the Engine that the worker knows."""

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import torch
from stock_s3gen import PrescribedNoise

from voices.clips.clip import Clip
from voices.conditionals import Conditionals
from voices.errors import InvalidClip, UnknownVoice, VoiceIncompatible
from worker.engine.base import Delivery, Engine, SpeechOptions
from worker.engine.chatterbox.conditionals import from_upstream
from worker.engine.chatterbox.s3gen.settings import S3GenSettings
from worker.engine.chatterbox.turbo import ChatterboxTurbo
from worker.engine.chatterbox.turbo_settings import TurboSettings
from worker.engine.chatterbox.upstream import without_warnings
from worker.engine.checkpoint import BUILT_IN_VOICE_FILE, VOICE_ENCODER_FILE
from worker.engine.precision import T3Precision
from worker.errors import EngineFailure, TextTooLong

TEXTS = ["hello there: this is “short”", "[sigh] Another sentence, somewhat longer, with a tag in front!"]
SEED = 5
AUDIBLY_NOTHING = 2e-4
"""Of full scale: 74 dB below it. Sums in another order leave no more."""
A_TENTH_OF_TWO_VOICES = 5e-5


GREEDY = SpeechOptions(seed=SEED, temperature=0.0)


def speak(
    engine: ChatterboxTurbo,
    text: str,
    conditionals: Conditionals,
    options: SpeechOptions = SpeechOptions(seed=SEED),  # noqa: B008 - frozen
    *,
    whole: bool = False,
) -> npt.NDArray[np.float32]:
    blocks = engine.stream(text, conditionals, options, Delivery(whole=whole))
    return np.concatenate([block.samples for block in blocks])


def stock_speak(engine: ChatterboxTurbo, stock: Any, text: str, conditionals: Conditionals) -> Any:
    """Speak as stock does, but for the watermark, and with the noise that ours has for the seed."""
    stock.watermarker = SimpleNamespace(apply_watermark=lambda samples, **_: samples)
    voice = {name: torch.tensor(array) for name, array in conditionals.tensors.items()}
    stream = engine._s3gen.open(voice, SEED)
    generate = stock.s3gen.inference

    def inference(speech_tokens: Any, **options: Any) -> Any:
        flow = stream.noise_between(0, 2 * len(speech_tokens))
        with PrescribedNoise(flow, stream.vocoder.offsets, stream.vocoder.noise):
            return generate(speech_tokens=speech_tokens, **options)

    stock.s3gen.inference = inference
    try:
        return stock.generate(text, top_k=1)[0].numpy()
    finally:
        del stock.s3gen.inference


def stock_prepare(stock: Any, clip: Clip, directory: Path) -> None:
    file = directory / "reference.wav"
    soundfile.write(file, clip.samples, clip.sample_rate, subtype="FLOAT")
    with without_warnings():
        stock.prepare_conditionals(file)


EXACT = TurboSettings(
    device="cpu",
    t3_precision=T3Precision.FLOAT32,
    watermark=False,
    s3gen=S3GenSettings(flow_precision="float32"),
)


@pytest.fixture(scope="module")
def exact_engine(small_checkpoint: Path) -> Iterator[ChatterboxTurbo]:
    engine = ChatterboxTurbo(small_checkpoint, EXACT)
    yield engine
    engine.close()


def unmarked(checkpoint: Path) -> ChatterboxTurbo:
    return ChatterboxTurbo(checkpoint, TurboSettings(device="cpu", watermark=False))


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
    """Greedily and in one piece: chance is ours, and streams differ at their chunks' borders."""

    @pytest.mark.parametrize("text", TEXTS)
    def test_a_cloned_voice_speaks_as_stock_does(
        self,
        exact_engine: ChatterboxTurbo,
        stock: Any,
        low_voice: Conditionals,
        low_clip: Clip,
        tmp_path: Path,
        text: str,
    ) -> None:
        stock_prepare(stock, low_clip, tmp_path)
        ours = speak(exact_engine, text, low_voice, GREEDY, whole=True)
        expected = stock_speak(exact_engine, stock, text, low_voice)
        np.testing.assert_allclose(ours, expected, atol=AUDIBLY_NOTHING)

    def test_the_built_in_voice_speaks_as_stock_does(
        self, exact_engine: ChatterboxTurbo, stock: Any, small_checkpoint: Path
    ) -> None:
        stock.conds = type(stock.conds).load(small_checkpoint / BUILT_IN_VOICE_FILE)
        voice = exact_engine.default_conditionals()
        ours = speak(exact_engine, TEXTS[0], voice, GREEDY, whole=True)
        expected = stock_speak(exact_engine, stock, TEXTS[0], voice)
        np.testing.assert_allclose(ours, expected, atol=AUDIBLY_NOTHING)

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
            # Ours computes on one core, whose sums are in another order.
            np.testing.assert_allclose(prepared.tensors[name], tensor, rtol=1e-3, atol=1e-8, err_msg=name)
            assert prepared.tensors[name].dtype == tensor.dtype, name

    @pytest.mark.slow
    def test_the_full_size_model_speaks_as_stock_does(self, tmp_path: Path) -> None:
        """One second of speech, for stock needs many times as long."""
        from chatterbox.tts_turbo import ChatterboxTurboTTS

        from synthetic.checkpoint import write_synthetic_checkpoint

        write_synthetic_checkpoint(tmp_path / "full", speech_tokens=(25, 25))
        engine = ChatterboxTurbo(tmp_path / "full", EXACT)
        voice = engine.default_conditionals()
        ours = speak(engine, TEXTS[0], voice, GREEDY, whole=True)
        with without_warnings():
            stock = ChatterboxTurboTTS.from_local(tmp_path / "full", "cpu")
        expected = stock_speak(engine, stock, TEXTS[0], voice)
        engine.close()
        np.testing.assert_allclose(ours, expected, atol=AUDIBLY_NOTHING)
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

    def test_voices_spoken_at_once_never_cross(
        self,
        engine: ChatterboxTurbo,
        low_voice: Conditionals,
        low_speech: npt.NDArray[np.float32],
    ) -> None:
        default = engine.default_conditionals()
        alone = [low_speech, speak(engine, TEXTS[0], default)]
        options = SpeechOptions(seed=SEED)
        streams = [engine.stream(TEXTS[0], voice, options, Delivery()) for voice in (low_voice, default) * 2]
        together = [np.concatenate([block.samples for block in stream]) for stream in streams]
        for samples, expected in zip(together, alone * 2, strict=True):
            np.testing.assert_allclose(samples, expected, atol=A_TENTH_OF_TWO_VOICES)
        # With random weights the voice is little beside the noise, which is the seed's.
        one, other = alone
        assert one.shape != other.shape or np.abs(one - other).max() > 10 * A_TENTH_OF_TWO_VOICES

    def test_what_is_streamed_is_as_long_as_the_whole(
        self, engine: ChatterboxTurbo, low_voice: Conditionals, low_speech: npt.NDArray[np.float32]
    ) -> None:
        blocks = list(engine.stream(TEXTS[0], low_voice, SpeechOptions(seed=SEED), Delivery()))
        assert len(blocks) > 1
        whole = speak(engine, TEXTS[0], low_voice, whole=True)
        assert len(whole) == len(low_speech) == sum(len(block.samples) for block in blocks)
        assert len(whole) == 960 * (3 + sum(block.speech_tokens for block in blocks))

    def test_yields_nothing_once_cancelled(self, engine: ChatterboxTurbo, low_voice: Conditionals) -> None:
        assert list(engine.stream(TEXTS[0], low_voice, SpeechOptions(), Delivery(lambda: True))) == []

    def test_a_blank_text_is_silent(self, engine: ChatterboxTurbo, low_voice: Conditionals) -> None:
        assert list(engine.stream(" \n", low_voice, SpeechOptions(), Delivery())) == []

    def test_a_text_that_leaves_no_room_for_its_speech_is_refused(
        self, engine: ChatterboxTurbo, low_voice: Conditionals
    ) -> None:
        with pytest.raises(TextTooLong, match="shorter sentences"):
            next(engine.stream("\N{CAT FACE}" * 600, low_voice, SpeechOptions(), Delivery()))

    def test_conditionals_survive_being_kept(
        self, engine: ChatterboxTurbo, low_voice: Conditionals, low_speech: npt.NDArray[np.float32]
    ) -> None:
        kept = Conditionals.from_bytes(low_voice.to_bytes())
        np.testing.assert_array_equal(speak(engine, TEXTS[0], kept), low_speech)

    def test_foreign_conditionals_are_refused(self, engine: ChatterboxTurbo, low_voice: Conditionals) -> None:
        foreign = Conditionals("preview-0", low_voice.tensors)
        with pytest.raises(VoiceIncompatible, match="preview-0"):
            engine.stream(TEXTS[0], foreign, SpeechOptions(), Delivery())

    def test_conditionals_with_a_tensor_missing_are_refused(
        self, engine: ChatterboxTurbo, low_voice: Conditionals
    ) -> None:
        tensors = {name: tensor for name, tensor in low_voice.tensors.items() if name != "gen.embedding"}
        with pytest.raises(VoiceIncompatible, match=r"lack gen\.embedding"):
            engine.stream(TEXTS[0], Conditionals(engine.fingerprint, tensors), SpeechOptions(), Delivery())

    def test_conditionals_of_another_shape_are_refused(
        self, engine: ChatterboxTurbo, low_voice: Conditionals
    ) -> None:
        tensors = {**low_voice.tensors, "gen.embedding": np.zeros((1, 7), np.float32)}
        broken = Conditionals(engine.fingerprint, tensors)
        with pytest.raises(VoiceIncompatible, match=r"gen\.embedding has the shape \(1, 7\)"):
            engine.stream(TEXTS[0], broken, SpeechOptions(), Delivery())

    @pytest.mark.parametrize(
        ("name", "wrong", "told"),
        [
            ("gen.prompt_token", np.full((1, 250), 6_561), "tokens outside the vocabulary"),
            ("t3.cond_prompt_speech_tokens", np.full((1, 20), -1), "tokens outside the vocabulary"),
            ("t3.cond_prompt_speech_tokens", np.zeros((1, 376), np.int64), "376 tokens, more than 375"),
            ("gen.prompt_token", np.zeros((1, 250), np.float32), "is float32"),
            ("gen.prompt_token", np.zeros((1, 249), np.int64), "prompt_token_len is not 249"),
            ("gen.prompt_token_len", np.array([10**12]), "prompt_token_len is not 250"),
            ("gen.prompt_feat", np.zeros((1, 90_000, 80), np.float32), "90000 frames for 250 tokens"),
            ("gen.embedding", np.full((1, 192), np.nan, np.float32), "values that are not finite"),
            ("t3.speaker_emb", np.full((1, 256), np.inf, np.float32), "values that are not finite"),
        ],
    )
    def test_conditionals_that_no_encoder_makes_are_refused(
        self, engine: ChatterboxTurbo, low_voice: Conditionals, name: str, wrong: Any, told: str
    ) -> None:
        assert low_voice.tensors["gen.prompt_token"].shape == (1, 250)
        hostile = Conditionals(engine.fingerprint, {**low_voice.tensors, name: wrong})
        with pytest.raises(VoiceIncompatible, match=told):
            engine.stream(TEXTS[0], hostile, SpeechOptions(), Delivery())

    def test_a_failing_model_is_reported_without_its_insides(
        self,
        engine: ChatterboxTurbo,
        low_voice: Conditionals,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("worker.engine.chatterbox.conditionals.check_conditionals", lambda *_: None)
        tensors = {**low_voice.tensors, "t3.cond_prompt_speech_tokens": np.full((1, 9), 7000)}
        broken = Conditionals(engine.fingerprint, tensors)
        with pytest.raises(EngineFailure, match=r"could not speak \(IndexError\)") as caught:
            next(engine.stream(TEXTS[0], broken, SpeechOptions(), Delivery()))
        assert "Traceback" not in caught.value.message
        assert "Traceback" in caplog.text
        assert len(speak(engine, TEXTS[0], low_voice)) > 0


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
        with closing(unmarked(altered_checkpoint)) as engine, pytest.raises(UnknownVoice, match="default"):
            engine.default_conditionals()

    def test_a_pickle_that_would_run_code_does_not(self, altered_checkpoint: Path, tmp_path: Path) -> None:
        class Harmful:
            def __reduce__(self) -> tuple[Any, ...]:
                return (os.mkdir, (str(tmp_path / "harmed"),))

        file = altered_checkpoint / BUILT_IN_VOICE_FILE
        file.unlink()
        torch.save({"t3": Harmful(), "gen": {}}, file)
        unread = pytest.raises(EngineFailure, match="could not read the built-in voice")
        with closing(unmarked(altered_checkpoint)) as engine, unread:
            engine.default_conditionals()
        assert not (tmp_path / "harmed").exists()


class TestConstruction:
    def test_the_watermark_is_perths_and_can_be_off(
        self, engine: ChatterboxTurbo, exact_engine: ChatterboxTurbo, low_speech: npt.NDArray[np.float32]
    ) -> None:
        with without_warnings():
            import perth
        assert not exact_engine.watermarks
        assert exact_engine.watermark() is None
        mark = engine.watermark()
        assert mark is not None
        marked = np.concatenate([mark.process(low_speech), mark.flush()])
        assert len(marked) == len(low_speech)
        detector = perth.PerthImplicitWatermarker()
        assert detector.get_watermark(marked, sample_rate=24_000).mean() > 0.9
        assert detector.get_watermark(low_speech, sample_rate=24_000).mean() < 0.1

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
        closed = unmarked(small_checkpoint)
        closed.close()
        closed.close()
        with pytest.raises(EngineFailure, match="closed"):
            closed.stream(TEXTS[0], engine.default_conditionals(), SpeechOptions(), Delivery())
