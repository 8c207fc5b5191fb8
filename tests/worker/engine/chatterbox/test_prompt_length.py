"""A voice with a shorter prompt: the same wherever it is computed, and as a deployment's bound has it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from voices.clips.clip import Clip
from voices.conditionals import Conditionals
from voices.library import VoiceLibrary
from voices.publication import Publisher
from voices.registry import VoiceRegistry
from voices_cli.app import app
from worker.engine.chatterbox.conditionals import check_conditionals
from worker.engine.chatterbox.s3gen.s3gen import RenderCall, S3Gen
from worker.engine.chatterbox.s3gen.settings import S3GenSettings
from worker.engine.chatterbox.turbo import ChatterboxTurbo
from worker.engine.checkpoint import S3GEN_FILE
from worker.engine.weights import open_weights
from worker.speech.voice_cache import VoiceCache

CUT = ("gen.prompt_token", "gen.prompt_token_len", "gen.prompt_feat")


@pytest.fixture(scope="module")
def whole(engine: ChatterboxTurbo, low_clip: Clip) -> Conditionals:
    return engine.prepare(low_clip)


def test_it_holds_the_end_of_stocks_prompt_and_all_else_unchanged(
    engine: ChatterboxTurbo, low_clip: Clip, whole: Conditionals
) -> None:
    short = engine.prepare(low_clip, 4.0)
    check_conditionals(short, engine.fingerprint)
    assert short.tensors["gen.prompt_token_len"].tolist() == [100]
    np.testing.assert_array_equal(
        short.tensors["gen.prompt_token"], whole.tensors["gen.prompt_token"][:, 150:250]
    )
    np.testing.assert_array_equal(
        short.tensors["gen.prompt_feat"], whole.tensors["gen.prompt_feat"][:, 300:500]
    )
    assert short.tensors.keys() == whole.tensors.keys()
    for name in whole.tensors.keys() - set(CUT):
        np.testing.assert_array_equal(short.tensors[name], whole.tensors[name], err_msg=name)
    for name in CUT:
        assert short.tensors[name].dtype == whole.tensors[name].dtype
        assert short.tensors[name].base is None  # not a view that keeps the whole prompt in memory


def test_a_clip_that_is_shorter_than_the_prompt_keeps_all_of_it(
    engine: ChatterboxTurbo, low_clip: Clip
) -> None:
    clip = Clip(low_clip.samples[: int(7.31 * 24_000)])
    usual, bounded, short = (engine.prepare(clip, seconds) for seconds in (10.0, 9.0, 5.0))
    for name, tensor in usual.tensors.items():
        np.testing.assert_array_equal(bounded.tensors[name], tensor, err_msg=name)
    count = int(usual.tensors["gen.prompt_token_len"][0])
    # The clip ends within a token: there is a mel frame more, which belongs to none.
    assert usual.tensors["gen.prompt_feat"].shape[1] == 2 * count + 1
    np.testing.assert_array_equal(
        short.tensors["gen.prompt_feat"],
        usual.tensors["gen.prompt_feat"][:, 2 * (count - 125) : 2 * count],
    )


@pytest.mark.parametrize("seconds", [7.31, 11.0])
def test_it_speaks_as_the_whole_voice_does_where_the_deployment_has_that_bound(
    engine: ChatterboxTurbo, small_checkpoint: Path, low_clip: Clip, seconds: float
) -> None:
    clip = Clip(low_clip.samples[: int(seconds * 24_000)])

    def spoken(prompt_seconds: float, bound: int) -> Any:
        voice = engine.prepare(clip, prompt_seconds).tensors
        settings = S3GenSettings(prompt_tokens=bound, left_tokens=10, flow_precision="float32")
        with open_weights(small_checkpoint / S3GEN_FILE, torch.device("cpu")) as weights:
            renderer = S3Gen(weights, settings)
        stream = renderer.open({name: torch.tensor(array) for name, array in voice.items()}, 7)
        pieces = [
            renderer.render([RenderCall(stream, [5] * 12)]),
            renderer.render([RenderCall(stream, [9] * 12, final=True)]),
        ]
        return np.concatenate([samples for (samples,) in pieces])

    cut, bounded, unbounded = spoken(2.0, 250), spoken(10.0, 50), spoken(10.0, 250)
    np.testing.assert_array_equal(cut, bounded)
    assert np.abs(cut - unbounded).max() > 1e-4


class TestRoundTrip:
    @pytest.fixture
    def published(
        self, small_checkpoint: Path, tmp_path: Path, low_clip: Clip, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[VoiceRegistry]:
        """``voices add --prompt-seconds 3`` on the synthetic checkpoint."""
        clip = tmp_path / "clip.flac"
        clip.write_bytes(low_clip.to_flac())
        monkeypatch.setenv("VOICES_DIR", str(tmp_path / "voices"))
        monkeypatch.delenv("VOICES_TARGETS", raising=False)
        engine = ["--engine", "chatterbox-turbo", "--model-dir", str(small_checkpoint), "--device", "cpu"]
        command = ["add", "anna", str(clip), "--prompt-seconds", "3", *engine]
        added = CliRunner().invoke(app, command)
        assert added.exit_code == 0, added.output
        return VoiceRegistry.at(tmp_path / "voices")

    def test_a_worker_reads_what_the_command_computed_and_computes_the_same(
        self, published: VoiceRegistry, engine: ChatterboxTurbo
    ) -> None:
        library = VoiceLibrary([published])
        cache = VoiceCache(library, engine, 1 << 30)
        stored = cache.get("anna")
        assert stored.source == "miss"
        assert stored.conditionals.tensors["gen.prompt_token"].shape == (1, 75)
        Publisher(published).drop_conditionals("anna", [engine.fingerprint])
        computed = VoiceCache(library, engine, 1 << 30, write_back=False).get("anna")
        assert computed.source == "computed"
        for name, tensor in stored.conditionals.tensors.items():
            np.testing.assert_array_equal(computed.conditionals.tensors[name], tensor, err_msg=name)
        cache.close()

    def test_refresh_gives_it_the_usual_prompt_again(
        self, published: VoiceRegistry, small_checkpoint: Path, engine: ChatterboxTurbo
    ) -> None:
        chosen = ["--engine", "chatterbox-turbo", "--model-dir", str(small_checkpoint), "--device", "cpu"]
        refreshed = CliRunner().invoke(app, ["refresh", "anna", "--prompt-seconds", "10", *chosen])
        assert refreshed.exit_code == 0, refreshed.output
        stored = published.conditionals(published.get("anna"), engine.fingerprint)
        assert stored is not None
        assert stored.tensors["gen.prompt_token"].shape == (1, 250)
