"""The stages between engine and encoder: no seam between blocks, no sample lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.audio.pacing import FIRST_EVENT_SECONDS, MAX_EVENT_SECONDS, EventPacer
from worker.audio.resample import Resampler
from worker.audio.speed import TimeStretch
from worker.audio.stages import Stage, StageChain

SIZES = st.lists(st.integers(0, 5000), max_size=15)


def _speechlike(seconds: float, rate: int = 24_000) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * 180 * time) * (1 + np.sin(2 * np.pi * 4 * time))).astype(np.float32)


def _run(stage: Stage | StageChain, samples: np.ndarray, sizes: list[int]) -> np.ndarray:
    out, start = [], 0
    for size in [*sizes, len(samples)]:
        out.append(stage.process(samples[start : start + size]))
        start += size
    return np.concatenate([*out, stage.flush()])


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
@given(sizes=SIZES)
def test_resampling_in_blocks_equals_resampling_whole(rate, sizes):
    samples = _speechlike(0.5)
    whole = _run(Resampler(24_000, rate), samples, [])
    assert len(whole) == round(len(samples) * rate / 24_000)
    assert np.array_equal(_run(Resampler(24_000, rate), samples, sizes), whole)


@pytest.mark.parametrize("speed", [0.25, 0.4, 0.5, 0.75, 1.3, 2.0, 2.5, 4.0])
def test_speed_changes_the_length_and_not_the_pitch(speed):
    samples = _speechlike(3.0)
    stretched = _run(TimeStretch(speed, 24_000), samples, [1000, 333])
    assert len(stretched) == round(len(samples) / speed)
    spectrum = np.abs(np.fft.rfft(stretched * np.hanning(len(stretched))))
    assert np.argmax(spectrum) * 24_000 / len(stretched) == pytest.approx(180, abs=6)


@settings(max_examples=25)
@given(sizes=SIZES, speed=st.sampled_from([1.5, 4.0]))
def test_speed_does_not_depend_on_the_blocks(sizes, speed):
    samples = _speechlike(1.0)
    whole = _run(TimeStretch(speed, 24_000), samples, [])
    assert np.array_equal(_run(TimeStretch(speed, 24_000), samples, sizes), whole)


def test_a_chain_flushes_each_stage_through_those_behind_it():
    chain = StageChain([TimeStretch(0.5, 24_000), Resampler(24_000, 8_000)])
    assert len(_run(chain, _speechlike(2.0), [500])) / 8_000 == pytest.approx(4.0, abs=0.05)


def test_an_empty_chain_passes_samples_on():
    samples = _speechlike(0.1)
    assert np.array_equal(_run(StageChain([]), samples, []), samples)


@given(sizes=st.lists(st.integers(0, 400_000), max_size=30))
def test_the_pacer_loses_nothing_and_bounds_every_share(sizes):
    pacer = EventPacer(24_000)
    counter = np.arange(sum(sizes), dtype=np.float32)
    shares, start = [], 0
    for size in sizes:
        shares += pacer.gather(counter[start : start + size])
        start += size
    shares += pacer.rest()
    assert np.array_equal(np.concatenate([np.zeros(0, np.float32), *shares]), counter)
    assert all(0 < len(share) <= MAX_EVENT_SECONDS * 24_000 for share in shares)


def test_the_first_event_is_sent_early_and_later_ones_grow():
    pacer = EventPacer(24_000)
    shares = [len(share) for _ in range(300) for share in pacer.gather(np.zeros(480, np.float32))]
    assert shares[0] == FIRST_EVENT_SECONDS * 24_000
    assert shares == sorted(shares)
    assert shares[-1] == 24_000


@pytest.mark.parametrize("unit", [160, 441])
@given(sizes=st.lists(st.integers(0, 60_000), max_size=30))
def test_the_pacer_gives_whole_units_and_the_rest_at_the_end(unit, sizes):
    pacer = EventPacer(unit * 50, unit)
    counter = np.arange(sum(sizes), dtype=np.float32)
    shares, start = [], 0
    for size in sizes:
        shares += pacer.gather(counter[start : start + size])
        start += size
    assert all(len(share) % unit == 0 for share in shares)
    shares += pacer.rest()
    assert np.array_equal(np.concatenate([np.zeros(0, np.float32), *shares]), counter)
    assert all(0 < len(share) <= MAX_EVENT_SECONDS * unit * 50 for share in shares)


@pytest.mark.parametrize(
    ("speed", "most_s"),
    [
        (0.25, 0.09),
        (0.4, 0.09),
        (0.5, 0.08),
        (0.75, 0.08),
        (1.1, 0.08),
        (1.5, 0.08),
        (2.0, 0.08),
        (4.0, 0.21),
    ],
)
def test_speed_holds_back_little_speech(speed, most_s):
    stretch, samples = TimeStretch(speed, 24_000), _speechlike(5.0)
    given = 0
    for start in range(0, len(samples), 240):
        given += len(stretch.process(samples[start : start + 240]))
        assert start + 240 - given * speed <= most_s * 24_000 + 1


@settings(max_examples=30)
@given(length=st.integers(0, 30_000), speed=st.sampled_from([0.25, 0.5, 0.66, 1.01, 1.5, 2.0, 3.3, 4.0]))
def test_speed_is_exact_in_length_for_any_length(length, speed):
    samples = np.full(length, 0.1, np.float32)
    assert len(_run(TimeStretch(speed, 24_000), samples, [])) == round(length / speed)
