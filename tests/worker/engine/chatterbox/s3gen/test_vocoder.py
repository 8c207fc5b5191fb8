"""The vocoder in pieces is the vocoder run once over the joined mel."""

import pytest
import torch

from worker.engine.chatterbox.s3gen.vocoder import EXACT_LOOKAHEAD, Vocoder, VocoderCall, VocoderStream

FRAMES = 160
EXACT = 5e-7
"""Of samples whose standard deviation is 0.01: float32 rounding, in windows of other shapes."""
NEAR = 5e-6
"""With a lookahead of 10 frames instead of 20."""


@pytest.fixture(scope="module")
def mel():
    return torch.randn(FRAMES, 80, generator=torch.Generator().manual_seed(5)) - 5


@pytest.fixture(scope="module")
def exact(weights):
    return Vocoder(weights.under("mel2wav"), EXACT_LOOKAHEAD, torch.float32)


@pytest.fixture(scope="module")
def whole(exact, mel):
    return run(exact, mel, [])


def run(vocoder, mel, borders, seed=3):
    with torch.inference_mode():
        stream, samples = VocoderStream(seed, mel.device), []
        ends = [*borders, len(mel)]
        for first, end in zip([0, *borders], ends, strict=True):
            samples += vocoder.render([VocoderCall(stream, mel[first:end], end == len(mel))])
    return torch.cat(samples)


def random_borders(seed):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randperm(FRAMES - 1, generator=generator)[:7] + 1).sort().values.tolist()


CUTS = {f"{size} tokens": list(range(2 * size, FRAMES, 2 * size)) for size in (5, 10, 25, 50)}
CUTS |= {f"random {seed}": random_borders(seed) for seed in range(3)}


@pytest.mark.parametrize("borders", CUTS.values(), ids=CUTS)
def test_pieces_are_the_whole(exact, mel, whole, borders):
    samples = run(exact, mel, borders)
    assert len(samples) == 480 * FRAMES
    torch.testing.assert_close(samples, whole, atol=EXACT, rtol=0)


@pytest.mark.parametrize("borders", [CUTS["10 tokens"], CUTS["random 1"]])
def test_half_the_lookahead_is_nearly_exact(weights, mel, whole, borders):
    vocoder = Vocoder(weights.under("mel2wav"), EXACT_LOOKAHEAD // 2, torch.float32)
    torch.testing.assert_close(run(vocoder, mel, borders), whole, atol=NEAR, rtol=0)


def test_no_lookahead_is_not_exact(weights, mel, whole):
    """Otherwise the lookahead would be wasted, and the tests above blind."""
    samples = run(Vocoder(weights.under("mel2wav"), 0, torch.float32), mel, CUTS["10 tokens"])
    assert (samples - whole).abs().max() > 1000 * EXACT


def test_the_whole_is_stocks(stocks_s3gen, mel, whole):
    from stock_s3gen import PrescribedNoise

    stream = VocoderStream(3, mel.device)
    with torch.inference_mode(), PrescribedNoise(offsets=stream.offsets, source=stream.noise):
        expected, _ = stocks_s3gen.mel2wav.inference(mel.T[None])
    # Stock adds up the phase of all samples in float32.
    torch.testing.assert_close(whole, expected[0], atol=2e-5, rtol=0)


def test_streams_of_any_shape_are_decoded_as_if_alone(exact, mel, whole):
    other = mel.flip(0)
    expected = run(exact, other, [50], seed=9)
    with torch.inference_mode():
        first, second, third = (VocoderStream(seed, mel.device) for seed in (3, 9, 3))
        pieces = [
            exact.render([VocoderCall(first, mel[:50], False), VocoderCall(second, other[:50], False)]),
            exact.render([VocoderCall(second, other[50:], True), VocoderCall(first, mel[50:], True)])[::-1],
        ]
        (alone,) = exact.render([VocoderCall(third, mel, True)])
    torch.testing.assert_close(torch.cat([piece[0] for piece in pieces]), whole, atol=EXACT, rtol=0)
    torch.testing.assert_close(torch.cat([piece[1] for piece in pieces]), expected, atol=EXACT, rtol=0)
    assert torch.equal(alone, whole)


def test_a_stream_remembers_no_more_than_its_window(exact, mel):
    stream = VocoderStream(3, mel.device)
    with torch.inference_mode():
        for first in range(0, FRAMES, 20):
            exact.render([VocoderCall(stream, mel[first : first + 20], False)])
    assert len(stream.mel) <= EXACT_LOOKAHEAD + 15 + 20
    assert len(stream.source) <= 480 * 40
