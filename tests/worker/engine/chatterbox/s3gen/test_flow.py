"""The flow is stock's, on the same visible tokens, prompt and noise."""

import pytest
import torch
from stock_s3gen import stock_mel

from worker.engine.chatterbox.s3gen.batch import Buckets, FlowRow
from worker.engine.chatterbox.s3gen.flow import Flow

TOLERANCE = 1e-5
"""In natural logarithms of amplitude, of which the mel's standard deviation is 1."""


@pytest.fixture(scope="module")
def flow(weights):
    return Flow(weights.under("flow"), 2, torch.float32)


def rerun(function):
    """Stand in for CUDA's capture: a replay reads and writes the tensors of the recording."""
    result = function()
    return (lambda: result.copy_(function())), result


def row(flow, voice, *, prompt, count, final, seed=0):
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(6561, (count,), generator=generator)
    frames = 2 * (prompt + count - (0 if final else 3))
    return FlowRow(
        tokens=torch.cat([voice["gen.prompt_token"][0, -prompt:], tokens]),
        prompt_mel=voice["gen.prompt_feat"][0, -2 * prompt :],
        speaker=flow.project_speaker(voice["gen.embedding"]),
        noise=torch.randn(frames, 80, generator=generator),
        final=final,
    )


@pytest.mark.parametrize(("prompt", "count"), [(20, 13), (90, 20)])
@pytest.mark.parametrize("final", [False, True])
def test_a_decode_is_stocks_on_the_same_tokens_and_noise(flow, stocks_s3gen, voice, prompt, count, final):
    ours = row(flow, voice, prompt=prompt, count=count, final=final)
    expected = stock_mel(stocks_s3gen.flow, ours, voice["gen.embedding"])
    (mel,) = flow.render([ours])
    assert mel.shape == expected.shape == (2 * (count - (0 if final else 3)), 80)
    torch.testing.assert_close(mel, expected, atol=TOLERANCE, rtol=0)


def test_one_step_is_stocks_one_step(weights, stocks_s3gen, voice):
    flow = Flow(weights.under("flow"), 1, torch.float32)
    ours = row(flow, voice, prompt=20, count=13, final=False)
    expected = stock_mel(stocks_s3gen.flow, ours, voice["gen.embedding"], steps=1)
    torch.testing.assert_close(flow.render([ours])[0], expected, atol=TOLERANCE, rtol=0)


def test_a_row_is_decoded_as_if_it_were_alone(flow, weights, voice):
    rows = [
        row(flow, voice, prompt=20, count=5, final=True, seed=1),
        row(flow, voice, prompt=40, count=30, final=False, seed=2),
        row(flow, voice, prompt=10, count=31, final=True, seed=3),
    ]
    batching = Flow(weights.under("flow"), 2, torch.float32, buckets=Buckets(tokens=64), capture=rerun)
    alone = flow.render(rows)
    for _ in range(2):  # captured, then replayed on rows in another order
        rows, alone = rows[::-1], alone[::-1]
        for mel, expected in zip(batching.render(rows), alone, strict=True):
            torch.testing.assert_close(mel, expected, atol=TOLERANCE, rtol=0)


def test_what_is_decoded_depends_on_the_lookahead_and_the_prompt(flow, voice):
    """Otherwise the equalities above would say little."""
    long = row(flow, voice, prompt=20, count=13, final=False)
    other_end = long._replace(tokens=torch.cat([long.tokens[:-1], long.tokens[:1]]))
    shorter = long._replace(tokens=long.tokens[2:], prompt_mel=long.prompt_mel[4:], noise=long.noise[4:])
    (mel, ahead, prompt) = (flow.render([each])[0] for each in (long, other_end, shorter))
    assert (mel - ahead).abs().max() > 100 * TOLERANCE
    assert (mel - prompt).abs().max() > 100 * TOLERANCE


def test_bfloat16_is_near_float32(flow, weights, voice):
    ours = row(flow, voice, prompt=20, count=13, final=False)
    (exact,) = flow.render([ours])
    (near,) = Flow(weights.under("flow"), 2, torch.bfloat16).render([ours])
    assert near.dtype == torch.float32
    assert (near - exact).abs().mean() < 0.01
    assert (near - exact).abs().max() < 0.06
