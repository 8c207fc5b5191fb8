"""On a GPU a captured step does what the same step does eagerly, and capturing it disturbs nothing."""

from pathlib import Path
from typing import Any

import pytest
import torch
from t3_speech import GREEDY, Join, Spoken, decode

from worker.engine.chatterbox.t3.decoder import Decoder
from worker.engine.chatterbox.t3.model import T3
from worker.engine.chatterbox.t3.sampling import Sampling
from worker.engine.chatterbox.t3.scheduler import TokenScheduler
from worker.engine.chatterbox.t3.utterance import Ending, T3Voice, Utterance
from worker.engine.precision import T3Precision

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA"),
]

SAMPLINGS = [Sampling(), GREEDY, Sampling(temperature=1.2, top_k=0)]
COUNT = 40


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from synthetic.checkpoint import write_synthetic_t3

    file = tmp_path_factory.mktemp("t3") / "small.safetensors"
    with torch.inference_mode():
        write_synthetic_t3(file, seed=3, t3="small", speech_tokens=(20, 45))
    return file


@pytest.fixture(scope="module", params=[T3Precision.FLOAT32, T3Precision.BFLOAT16, T3Precision.FLOAT16])
def t3(request: pytest.FixtureRequest, file: Path) -> T3:
    return T3.load(file, torch.device("cuda"), request.param)


def joins(t3: T3, count: int) -> list[Join]:
    made = []
    for seed in range(count):
        spoken = Spoken.random(seed, prompt=20 + 60 * seed, text=4 + seed)
        spoken = Spoken(*(tensor.cuda() for tensor in vars(spoken).values()))
        made.append(spoken.join(t3, seed, SAMPLINGS[seed % 3], seed))
    return made


def eager(t3: T3, slots: int) -> Decoder:
    decoder = Decoder(t3, slots, 768)
    decoder._graphs = None
    return decoder


@pytest.mark.parametrize("count", [1, 3, 8])
def test_captured_steps_equal_eager_ones(t3: T3, count: int) -> None:
    captured = decode(Decoder(t3, count, 768), joins(t3, count), COUNT)
    assert captured == decode(eager(t3, count), joins(t3, count), COUNT)


def test_a_captured_step_is_replayed_from_one_length_to_the_next(t3: T3) -> None:
    """Past the border of a bucket, and back in it with another stream."""
    decoder, slow = Decoder(t3, 1, 768), eager(t3, 1)
    for prompt in (230, 20, 235):
        spoken = Spoken.random(prompt, prompt=prompt)
        join = Spoken(*(tensor.cuda() for tensor in vars(spoken).values())).join(t3, 0, Sampling(), prompt)
        assert decode(decoder, [join], COUNT) == decode(slow, [join], COUNT)
        decoder.leave(0)
        slow.leave(0)


def test_a_capture_leaves_the_slots_as_they_were(t3: T3, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = Decoder(t3, 4, 768)
    decoder.prefill(joins(t3, 4))
    graphs: Any = decoder._graphs
    before = [rows.clone() for rows in decoder.slots._rows()]
    with torch.inference_mode():
        decoder._capture(graphs, lambda: decoder._step(4, 512, whole=True))
    torch.cuda.synchronize()
    for rows, was in zip(decoder.slots._rows(), before, strict=True):
        assert torch.equal(rows, was)


def test_the_scheduler_with_steps_under_way_delivers_what_waiting_for_each_does(t3: T3) -> None:
    class NoRoom(T3Voice):
        def keep_prefix(self, prefix: Any) -> None:
            """There is no room for it."""

    heard = []
    for lag in (0, 2):
        scheduler = TokenScheduler(Decoder(t3, 4, 768), t3.sizes.stop_token, lag=lag)
        utterances = [
            Utterance(NoRoom(each.voice.conditionals), each.text, GREEDY, each.seed, max_tokens=60)
            for _, each in joins(t3, 8)
        ]
        for utterance in utterances:
            scheduler.submit(utterance)
        while not scheduler.is_idle:
            scheduler.turn()
        assert all(each.ending in (Ending.STOPPED, Ending.OVER_BUDGET) for each in utterances)
        heard.append([each.tokens for each in utterances])
    assert heard[0] == heard[1]
