"""The preview engine: espeak-ng shaped after the clip."""

import time

import numpy as np
import pytest
from speech import PASSAGE, speak_clip

from voices.clips.clip import Clip
from voices.conditionals import Conditionals
from voices.errors import InvalidRequest, VoiceIncompatible
from worker.engine.base import Delivery, SpeechOptions
from worker.engine.preview.engine import PreviewEngine
from worker.engine.preview.prosody import pitch_hz, syllables_per_second


@pytest.fixture(scope="module")
def engine():
    return PreviewEngine()


def _speak(engine, conditionals, text=PASSAGE, **options) -> Clip:
    blocks = engine.stream(text, conditionals, SpeechOptions(**options), Delivery())
    return Clip(np.concatenate([block.samples for block in blocks]), engine.sample_rate)


@pytest.mark.parametrize("hertz", [70.0, 110.0, 180.0, 300.0])
def test_pitch_is_measured(hertz):
    time_s = np.arange(48_000) / 24_000
    harmonics = sum(np.sin(2 * np.pi * hertz * n * time_s) / n for n in range(1, 8))
    assert pitch_hz(Clip(0.2 * harmonics.astype(np.float32))) == pytest.approx(hertz, rel=0.03)


def test_noise_has_no_pitch():
    noise = np.random.default_rng(0).normal(0, 0.1, 24_000).astype(np.float32)
    assert pitch_hz(Clip(noise)) is None


@pytest.mark.parametrize(
    ("language", "pitch"), [("en-us", 10), ("en-us", 80), ("en-us+f3", 50), ("en-us+f3", 90)]
)
def test_speech_has_the_pitch_of_the_clip(engine, language, pitch):
    clip = speak_clip(language=language, pitch=pitch)
    spoken = _speak(engine, engine.prepare(clip))
    assert pitch_hz(spoken) == pytest.approx(pitch_hz(clip), rel=0.12)


def test_speech_has_the_pace_of_the_clip(engine, speech):
    hasty = Clip(speech.samples[::2], speech.sample_rate)
    slow, fast = engine.prepare(speech), engine.prepare(hasty)
    assert syllables_per_second(hasty) > syllables_per_second(speech)
    assert _speak(engine, fast).seconds < 0.9 * _speak(engine, slow).seconds


def test_blocks_come_while_the_text_is_still_being_spoken(engine):
    conditionals = engine.default_conditionals()
    started = time.perf_counter()
    blocks = engine.stream(PASSAGE * 40, conditionals, SpeechOptions(), Delivery())
    next(blocks)
    first = time.perf_counter() - started
    assert sum(1 for _ in blocks) > 1000
    assert first < (time.perf_counter() - started) / 5


def test_cancelling_ends_the_speech(engine):
    stop = []
    blocks = engine.stream(
        PASSAGE * 40, engine.default_conditionals(), SpeechOptions(), Delivery(lambda: bool(stop))
    )
    next(blocks)
    stop.append(True)
    assert list(blocks) == []
    assert _speak(engine, engine.default_conditionals(), "Still here.").seconds > 0.3


def test_an_abandoned_speech_does_not_hold_up_the_next(engine):
    abandoned = engine.stream(PASSAGE * 200, engine.default_conditionals(), SpeechOptions(), Delivery())
    next(abandoned)
    abandoned.close()
    started = time.perf_counter()
    _speak(engine, engine.default_conditionals(), "Next.")
    assert time.perf_counter() - started < 1.0


def test_tags_are_not_read_out(engine):
    conditionals = engine.default_conditionals()
    tagged = _speak(engine, conditionals, "[laugh] Good morning.")
    # espeak-ng's flutter goes on from one text to the next: no two utterances are the same samples.
    assert tagged.seconds == pytest.approx(_speak(engine, conditionals, "Good morning.").seconds, rel=0.02)
    assert list(engine.stream("[laugh]", conditionals, SpeechOptions(), Delivery())) == []


def test_another_language_sounds_different_and_an_unknown_one_is_refused(engine):
    conditionals = engine.default_conditionals()
    german = _speak(engine, conditionals, language="de")
    assert german.seconds != pytest.approx(_speak(engine, conditionals).seconds, rel=0.02)
    with pytest.raises(InvalidRequest, match="does not speak 'xx'"):
        _speak(engine, conditionals, language="xx")


@pytest.mark.parametrize("language", ["en-GB", "de-DE", "fr-CA", "zh-Hant-TW", "no"])
def test_a_language_of_a_country_is_spoken_as_the_language_where_there_is_no_nearer_one(engine, language):
    assert _speak(engine, engine.default_conditionals(), language=language).seconds > 0


def test_foreign_conditionals_are_refused(engine):
    with pytest.raises(VoiceIncompatible):
        _speak(engine, Conditionals("chatterbox-turbo-1", {}))


@pytest.mark.parametrize("pitch", [None, np.array([np.nan], np.float32), np.array(["a"]), np.zeros((2, 2))])
def test_conditionals_that_it_never_makes_are_refused(engine, pitch):
    tensors = dict(engine.default_conditionals().tensors)
    del tensors["pitch_hz"]
    hostile = Conditionals(engine.fingerprint, tensors if pitch is None else {**tensors, "pitch_hz": pitch})
    with pytest.raises(VoiceIncompatible, match="pitch_hz"):
        _speak(engine, hostile)
