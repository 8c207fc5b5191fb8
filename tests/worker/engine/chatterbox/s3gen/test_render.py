"""A request in one audio chunk is stock's; in several it has the same length, and its own state."""

import numpy as np
import pytest
from stock_s3gen import reference, stock_samples

from worker.engine.chatterbox.s3gen.s3gen import TRAILING_SILENCE, RenderCall, S3Gen
from worker.engine.chatterbox.s3gen.settings import S3GenSettings

TOLERANCE = 2e-5
"""Of samples whose standard deviation is 0.007."""


def test_a_request_in_one_audio_chunk_is_stocks(weights, stocks_s3gen, voice, tokens):
    s3gen = S3Gen(weights, S3GenSettings(flow_precision="float32"))
    stream = s3gen.open(voice, 7)
    expected = stock_samples(stocks_s3gen, stream, tokens(40) + TRAILING_SILENCE, reference(voice))
    (samples,) = s3gen.render([RenderCall(stream, tokens(40), final=True)])
    assert samples.dtype == np.float32
    assert samples.shape == expected.shape
    np.testing.assert_allclose(samples, expected, atol=TOLERANCE, rtol=0)
    assert abs(expected).max() > 100 * TOLERANCE


@pytest.mark.parametrize("sizes", [(), (13, 25), (1, 2, 3, 4), (40,), (0, 40)])
def test_the_length_is_that_of_one_audio_chunk(s3gen, say, tokens, sizes):
    assert sum(map(len, say(s3gen, tokens(40), sizes))) == 43 * 960


def test_no_token_at_all_is_the_silence_at_the_end(s3gen, say):
    assert [len(piece) for piece in say(s3gen, [])] == [3 * 960]


def test_the_same_seed_gives_the_same_samples_and_another_others(s3gen, say, tokens):
    first, again, other = (np.concatenate(say(s3gen, tokens(20), (12,), seed=seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert abs(first - other).max() > 100 * TOLERANCE


def test_streams_in_one_call_or_in_turn_are_each_as_if_alone(s3gen, voice, say, tokens):
    speech = {1: tokens(40), 2: tokens(52)[::-1]}
    alone = {seed: np.concatenate(say(s3gen, speech[seed], (13, 20), seed=seed)) for seed in speech}
    streams = {seed: s3gen.open(voice, seed) for seed in speech}

    def calls(first, end, final=False):
        return [RenderCall(streams[seed], speech[seed][first:end], final) for seed in speech]

    pieces = [s3gen.render(calls(0, 13))]
    pieces.append([s3gen.render([call])[0] for call in calls(13, 33)])
    pieces.append(s3gen.render(calls(33, None, True)))
    for index, seed in enumerate(speech):
        together = np.concatenate([piece[index] for piece in pieces])
        np.testing.assert_allclose(together, alone[seed], atol=TOLERANCE, rtol=0)


def test_the_fade_in_comes_once_and_only_where_it_is_asked_for(s3gen, voice, say, tokens):
    faded, plain = (
        np.concatenate(say(s3gen, tokens(30), (12, 8), stream=s3gen.open(voice, 7, fade_in=fade)))
        for fade in (True, False)
    )
    assert not faded[:480].any()
    assert abs(plain[:480]).max() > 100 * TOLERANCE
    np.testing.assert_array_equal(faded[960:], plain[960:])


def test_a_stream_leaves_nothing_behind(s3gen, say, tokens):
    before = dict(vars(s3gen))
    say(s3gen, tokens(20), (10,))
    assert vars(s3gen) == before


def test_a_finished_stream_and_a_stream_that_comes_twice_are_refused(s3gen, voice):
    stream = s3gen.open(voice, 7)
    with pytest.raises(ValueError, match="twice"):
        s3gen.render([RenderCall(stream, []), RenderCall(stream, [])])
    s3gen.render([RenderCall(stream, [], final=True)])
    with pytest.raises(ValueError, match="final"):
        s3gen.render([RenderCall(stream, [1])])


def test_a_call_that_is_refused_changes_no_stream(s3gen, voice, say, tokens):
    finished, stream = s3gen.open(voice, 1), s3gen.open(voice, 7)
    s3gen.render([RenderCall(finished, [], final=True)])
    with pytest.raises(ValueError, match="final"):
        s3gen.render([RenderCall(stream, tokens(20)), RenderCall(finished, [])])
    expected = np.concatenate(say(s3gen, tokens(20)))
    assert np.array_equal(np.concatenate(say(s3gen, tokens(20), stream=stream)), expected)


@pytest.mark.parametrize("lookahead", [9, 10])
def test_what_is_held_back_is_what_the_settings_say(weights, voice, tokens, lookahead):
    settings = S3GenSettings(prompt_tokens=5, flow_steps=1, vocoder_lookahead=lookahead)
    stream = (s3gen := S3Gen(weights, settings)).open(voice, 7)
    (samples,) = s3gen.render([RenderCall(stream, tokens(20))])
    assert settings.held_back_tokens == 8
    assert 0 <= len(samples) - 960 * (20 - settings.held_back_tokens) < 960


@pytest.mark.parametrize("name", ["prompt_tokens", "left_tokens", "flow_steps", "vocoder_lookahead"])
def test_settings_that_cannot_be_are_refused_by_name(name):
    with pytest.raises(ValueError, match=name):
        S3GenSettings(**{name: -1})
