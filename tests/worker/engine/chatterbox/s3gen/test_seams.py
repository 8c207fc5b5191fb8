"""At no border between audio chunks is there a jump, as there is in naive concatenation."""

import numpy as np
import pytest
import torch

from worker.engine.chatterbox.s3gen.flow import continue_mel
from worker.engine.chatterbox.s3gen.s3gen import S3Gen
from worker.engine.chatterbox.s3gen.settings import S3GenSettings

SIZES = (15, 12, 12)


def jumps_at_borders(pieces):
    """Compare the step from sample to sample at each border with the largest of 1,000 within."""
    samples = np.concatenate(pieces)
    steps = abs(np.diff(samples))
    borders = np.cumsum([len(piece) for piece in pieces if len(piece)])[:-1]
    assert len(borders) >= 3
    return steps[borders - 1] / np.quantile(steps, 0.999)


@pytest.fixture(scope="module")
def dark_s3gen(dark_weights):
    settings = S3GenSettings(prompt_tokens=20, left_tokens=10, flow_precision="float32")
    return S3Gen(dark_weights, settings)


def test_no_border_jumps(dark_s3gen, say, tokens):
    pieces = say(dark_s3gen, tokens(52), SIZES)
    assert jumps_at_borders(pieces).max() < 1


def test_naive_concatenation_jumps_at_every_border(dark_s3gen, say, tokens):
    """All tokens so far decoded anew for each piece with fresh noise, and cut where the last ended."""
    pieces, done, seen = [], 0, 0
    for seed, size in enumerate((*SIZES, 13)):
        seen += size
        samples = np.concatenate(say(dark_s3gen, tokens(52)[:seen], seed=seed))
        pieces.append(samples[done:])
        done = len(samples)
    assert jumps_at_borders(pieces).min() > 2


def test_without_the_sources_phase_carried_the_borders_jump(dark_s3gen, voice, say, tokens, monkeypatch):
    """The same mel, each piece by a vocoder that begins anew: what the carried state is for."""
    from worker.engine.chatterbox.s3gen.vocoder import Vocoder, VocoderStream

    original = Vocoder.render

    def forgetful(self, calls):
        fresh = [call._replace(stream=VocoderStream(7, call.mel.device), final=True) for call in calls]
        return original(self, fresh)

    monkeypatch.setattr(Vocoder, "render", forgetful)
    assert jumps_at_borders(say(dark_s3gen, tokens(52), SIZES)).max() > 3


def test_the_mel_goes_on_from_what_was_given_out():
    ramp = torch.arange(20.0)[:, None].expand(-1, 80)
    before = ramp[9:10] + 2.0
    joined = continue_mel(ramp, again=10, before=before, frames=4)
    steps = torch.cat([before, joined])[:, 0].diff()
    # What differs fades by a fifth a frame, so that every step is the mel's own less 0.4.
    torch.testing.assert_close(steps[:5], torch.full((5,), 0.6))
    assert torch.equal(joined[4:], ramp[14:])


def test_a_border_without_an_earlier_decode_is_left_as_it_is():
    mel = torch.randn(6, 80)
    assert torch.equal(continue_mel(mel, again=0, before=None, frames=4), mel)
    assert torch.equal(continue_mel(mel, again=2, before=mel[:1], frames=0), mel[2:])
