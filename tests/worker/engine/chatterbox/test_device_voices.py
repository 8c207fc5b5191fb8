"""The voices on the device: copied once, bounded in bytes, never confused."""

import numpy as np
import pytest
import torch

from voices.conditionals import Conditionals
from worker.engine.chatterbox.device_voices import DeviceVoices
from worker.engine.chatterbox.t3.kv_cache import VoicePrefix

NAME = "t3.speaker_emb"


def _voice(level: float) -> Conditionals:
    return Conditionals("engine-1", {NAME: np.full((1, 256), level, np.float32)})


def _prefix(megabytes: int) -> VoicePrefix:
    half = torch.zeros(1, 1, megabytes * 2048, 64)
    return VoicePrefix(half, half.clone())


def _embed(tensors):
    return tensors[NAME] * 2


EACH = 2 * 1024
"""A voice's bytes: what is copied, and its embedding."""


@pytest.fixture
def voices():
    return DeviceVoices(torch.device("cpu"), _embed, max_bytes=2 * EACH)


def test_a_voice_is_copied_and_embedded_once(voices):
    anna = _voice(1)
    assert voices.get(anna) is voices.get(anna)
    assert len(voices) == 1
    assert (voices.get(anna).conditionals == 2).all()


def test_each_voice_has_its_own_tensors(voices):
    anna, bob = _voice(1), _voice(2)
    for voice, level in ((anna, 1), (bob, 2), (anna, 1)):
        assert (voices.get(voice).tensors[NAME] == level).all()


def test_a_voice_published_anew_is_another(voices):
    voices.get(_voice(1))
    assert (voices.get(_voice(3)).tensors[NAME] == 3).all()


def test_the_least_recently_used_leaves_first(voices):
    anna, bob, carl = _voice(1), _voice(2), _voice(3)
    kept = voices.get(anna)
    voices.get(bob)
    voices.get(anna)
    voices.get(carl)
    assert len(voices) == 2
    assert voices.kept_bytes == 2 * EACH
    assert voices.get(anna) is kept


def test_a_thousand_voices_take_no_more_than_the_bound(voices):
    for level in range(1000):
        voices.get(_voice(level))
    assert voices.kept_bytes == 2 * EACH
    voices.clear()
    assert (len(voices), voices.kept_bytes) == (0, 0)


def test_a_prefix_counts_and_pushes_older_voices_out():
    voices = DeviceVoices(torch.device("cpu"), _embed, max_bytes=5 << 20)
    spoken = [voices.get(_voice(level)) for level in range(6)]
    for voice in spoken:
        voice.keep_prefix(_prefix(1))
    assert voices.kept_bytes == 6 * (1 << 20) + 6 * EACH
    voices.get(_voice(7))
    assert len(voices) == 5
    assert voices.kept_bytes <= 5 << 20


def test_a_prefix_kept_twice_counts_once():
    voices = DeviceVoices(torch.device("cpu"), _embed, max_bytes=5 << 20)
    voice = voices.get(_voice(1))
    voice.keep_prefix(_prefix(1))
    voice.keep_prefix(_prefix(1))
    assert voices.kept_bytes == (1 << 20) + EACH
