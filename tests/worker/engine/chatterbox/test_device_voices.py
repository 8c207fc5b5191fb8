"""The voices on the device: copied once, bounded in bytes, never confused."""

import numpy as np
import pytest
import torch

from voices.conditionals import Conditionals
from worker.engine.chatterbox.device_voices import DeviceVoices


def _voice(level: float) -> Conditionals:
    return Conditionals("engine-1", {"t3.speaker_emb": np.full((1, 256), level, np.float32)})


@pytest.fixture
def voices():
    return DeviceVoices(torch.device("cpu"), max_bytes=2 * _voice(0).nbytes)


def test_a_voice_is_copied_once(voices):
    anna = _voice(1)
    assert voices.get(anna)["t3.speaker_emb"] is voices.get(anna)["t3.speaker_emb"]
    assert len(voices) == 1


def test_each_voice_has_its_own_tensors(voices):
    anna, bob = _voice(1), _voice(2)
    for voice, level in ((anna, 1), (bob, 2), (anna, 1)):
        assert (voices.get(voice)["t3.speaker_emb"] == level).all()


def test_a_voice_published_anew_is_another(voices):
    voices.get(_voice(1))
    assert (voices.get(_voice(3))["t3.speaker_emb"] == 3).all()


def test_the_least_recently_used_leaves_first(voices):
    anna, bob, carl = _voice(1), _voice(2), _voice(3)
    kept = voices.get(anna)
    voices.get(bob)
    voices.get(anna)
    voices.get(carl)
    assert len(voices) == 2
    assert voices.kept_bytes == 2 * anna.nbytes
    assert voices.get(anna) is kept


def test_a_thousand_voices_take_no_more_than_the_bound(voices):
    for level in range(1000):
        voices.get(_voice(level))
    assert voices.kept_bytes == 2 * _voice(0).nbytes
    voices.clear()
    assert (len(voices), voices.kept_bytes) == (0, 0)
