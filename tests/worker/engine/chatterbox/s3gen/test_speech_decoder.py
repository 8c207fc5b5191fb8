"""A request in one audio chunk is stock's; in several it has the same length, and its own state."""

import numpy as np
import pytest
from stock_s3gen import reference, stock_samples

from worker.engine.chatterbox.s3gen.decoder import TRAILING_SILENCE, Decode, SpeechDecoder
from worker.engine.chatterbox.s3gen.settings import DecoderSettings

TOLERANCE = 2e-5
"""Of samples whose standard deviation is 0.007."""


def test_a_request_in_one_audio_chunk_is_stocks(s3gen, stocks_s3gen, voice, tokens):
    decoder = SpeechDecoder(s3gen, DecoderSettings(flow_precision="float32"))
    stream = decoder.open(voice, 7)
    expected = stock_samples(stocks_s3gen, stream, tokens(40) + TRAILING_SILENCE, reference(voice))
    (samples,) = decoder.decode([Decode(stream, tokens(40), final=True)])
    assert samples.dtype == np.float32
    assert samples.shape == expected.shape
    np.testing.assert_allclose(samples, expected, atol=TOLERANCE, rtol=0)
    assert abs(expected).max() > 100 * TOLERANCE


@pytest.mark.parametrize("sizes", [(), (13, 25), (1, 2, 3, 4), (40,), (0, 40)])
def test_the_length_is_that_of_one_audio_chunk(decoder, say, tokens, sizes):
    assert sum(map(len, say(decoder, tokens(40), sizes))) == 43 * 960


def test_no_token_at_all_is_the_silence_at_the_end(decoder, say):
    assert [len(piece) for piece in say(decoder, [])] == [3 * 960]


def test_the_same_seed_gives_the_same_samples_and_another_others(decoder, say, tokens):
    first, again, other = (np.concatenate(say(decoder, tokens(20), (12,), seed=seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert abs(first - other).max() > 100 * TOLERANCE


def test_streams_in_one_call_or_in_turn_are_each_as_if_alone(decoder, voice, say, tokens):
    speech = {1: tokens(40), 2: tokens(52)[::-1]}
    alone = {seed: np.concatenate(say(decoder, speech[seed], (13, 20), seed=seed)) for seed in speech}
    streams = {seed: decoder.open(voice, seed) for seed in speech}

    def calls(first, end, final=False):
        return [Decode(streams[seed], speech[seed][first:end], final) for seed in speech]

    pieces = [decoder.decode(calls(0, 13))]
    pieces.append([decoder.decode([call])[0] for call in calls(13, 33)])
    pieces.append(decoder.decode(calls(33, None, True)))
    for index, seed in enumerate(speech):
        together = np.concatenate([piece[index] for piece in pieces])
        np.testing.assert_allclose(together, alone[seed], atol=TOLERANCE, rtol=0)


def test_the_fade_in_comes_once_and_only_where_it_is_asked_for(decoder, voice, say, tokens):
    faded, plain = (
        np.concatenate(say(decoder, tokens(30), (12, 8), stream=decoder.open(voice, 7, fade_in=fade)))
        for fade in (True, False)
    )
    assert not faded[:480].any()
    assert abs(plain[:480]).max() > 100 * TOLERANCE
    np.testing.assert_array_equal(faded[960:], plain[960:])


def test_a_stream_leaves_nothing_behind(decoder, say, tokens):
    before = dict(vars(decoder))
    say(decoder, tokens(20), (10,))
    assert vars(decoder) == before


def test_a_finished_stream_and_a_stream_that_comes_twice_are_refused(decoder, voice):
    stream = decoder.open(voice, 7)
    with pytest.raises(ValueError, match="twice"):
        decoder.decode([Decode(stream, []), Decode(stream, [])])
    decoder.decode([Decode(stream, [], final=True)])
    with pytest.raises(ValueError, match="final"):
        decoder.decode([Decode(stream, [1])])


def test_a_call_that_is_refused_changes_no_stream(decoder, voice, say, tokens):
    finished, stream = decoder.open(voice, 1), decoder.open(voice, 7)
    decoder.decode([Decode(finished, [], final=True)])
    with pytest.raises(ValueError, match="final"):
        decoder.decode([Decode(stream, tokens(20)), Decode(finished, [])])
    expected = np.concatenate(say(decoder, tokens(20)))
    assert np.array_equal(np.concatenate(say(decoder, tokens(20), stream=stream)), expected)


@pytest.mark.parametrize("lookahead", [9, 10])
def test_what_is_held_back_is_what_the_settings_say(s3gen, voice, tokens, lookahead):
    settings = DecoderSettings(prompt_tokens=5, flow_steps=1, vocoder_lookahead=lookahead)
    stream = (decoder := SpeechDecoder(s3gen, settings)).open(voice, 7)
    (samples,) = decoder.decode([Decode(stream, tokens(20))])
    assert settings.held_back_tokens == 8
    assert 0 <= len(samples) - 960 * (20 - settings.held_back_tokens) < 960


@pytest.mark.parametrize("name", ["prompt_tokens", "left_tokens", "flow_steps", "vocoder_lookahead"])
def test_settings_that_cannot_be_are_refused_by_name(name):
    with pytest.raises(ValueError, match=name):
        DecoderSettings(**{name: -1})
