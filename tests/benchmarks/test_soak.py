"""Memory stays flat while voices come and go."""

import numpy as np
import pytest

from benchmarks.soak import SPEECH_TOKENS, SoakPlan, slope_kb, soak

pytestmark = pytest.mark.process


def test_a_slope_is_found_through_an_allocators_leaps():
    requests = np.arange(4, 204, 4)
    noise = np.random.default_rng(0).normal(0, 1.0, len(requests))
    leap = np.where(requests == 100, 200.0, 0.0)
    points = [(int(n), float(v)) for n, v in zip(requests, 1000 + requests / 4 + noise + leap, strict=True)]
    assert slope_kb(points) == pytest.approx(256, rel=0.05)


def test_what_leaves_nothing_behind_has_no_slope():
    points = [(n, 1000.0 + (n % 3)) for n in range(4, 84, 4)]
    assert slope_kb(points) == pytest.approx(0, abs=5)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("quick_decodes")  # they leave behind as much
def test_no_request_leaves_as_much_as_its_voice_or_its_speech_behind(small_checkpoint, tmp_path):
    """A voice's conditionals take 170 kB, a second of speech 96 kB.

    All utterances have one length: each other length makes the CPU's libraries keep another few
    plans of how to compute it, up to a limit that is too many requests away for a test.
    """
    steady = tmp_path / "steady"
    from synthetic.checkpoint import write_with_length

    write_with_length(steady, small_checkpoint, SPEECH_TOKENS, "small")
    warm_up = 24
    looks = soak(steady, SoakPlan(requests=64, voices=8, warm_up=warm_up))
    slope = slope_kb([(look.requests, look.memory_mb) for look in looks if look.requests >= warm_up])
    assert slope < 60
