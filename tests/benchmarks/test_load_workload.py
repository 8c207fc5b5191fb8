"""Who asks for what, and when, is decided by a seed."""

from collections import Counter

import numpy as np
import pytest

from benchmarks.load.texts import LENGTHS
from benchmarks.load.workload import FORMATS, USUAL_LENGTHS, Mixture, parse_shares, plan, write_shares
from worker.audio.formats import FormatName

MIXTURE = Mixture(("anna", "ben", "cleo"), FORMATS, USUAL_LENGTHS)


@pytest.fixture(scope="module")
def many():
    """About 5,000 requests of 10 clients."""
    return plan(MIXTURE, 10, rate=50.0, seconds=100.0, seed=7)


def test_the_same_seed_plans_the_same_and_another_does_not():
    first, again, other = (plan(MIXTURE, 4, 5.0, 20.0, seed) for seed in (1, 1, 2))
    assert first == again
    assert [each.due_s for each in first] != [each.due_s for each in other]


def test_requests_come_in_the_order_that_they_are_due_and_within_the_time(many):
    due = [each.due_s for each in many]
    assert due == sorted(due)
    assert 0 < due[0] < due[-1] < 100


def test_as_many_come_as_the_rate_says(many):
    assert len(many) == pytest.approx(5_000, abs=4 * 5_000**0.5)  # four standard deviations


def test_the_gaps_are_those_of_a_poisson_process(many):
    """Exponential: as spread as they are long, and a share of 1/e longer than the mean."""
    gaps = np.diff([each.due_s for each in many])
    assert gaps.std() / gaps.mean() == pytest.approx(1, abs=0.08)
    assert (gaps > gaps.mean()).mean() == pytest.approx(np.exp(-1), abs=0.03)


def test_every_client_asks_about_as_often(many):
    counts = Counter(each.client for each in many)
    assert set(counts) == set(range(10))
    assert min(counts.values()) > 400


def test_what_is_asked_for_keeps_its_shares(many):
    voices, formats, lengths = (
        Counter(getattr(each, name) for each in many) for name in ("voice_id", "format", "length")
    )
    assert {name: count / len(many) for name, count in voices.items()} == pytest.approx(
        dict.fromkeys(MIXTURE.voices, 1 / 3), abs=0.03
    )
    assert {name: count / len(many) for name, count in formats.items()} == pytest.approx(
        dict.fromkeys(FORMATS, 1 / 4), abs=0.03
    )
    assert {name: count / len(many) for name, count in lengths.items()} == pytest.approx(
        {name: share / 19 for name, share in USUAL_LENGTHS.items()}, abs=0.03
    )


def test_another_client_changes_nothing_of_what_the_first_ask_for():
    of_two, of_three = plan(MIXTURE, 2, 4.0, 30.0, 1), plan(MIXTURE, 3, 6.0, 30.0, 1)
    assert [each for each in of_three if each.client < 2] == of_two


def test_a_text_is_about_as_long_as_its_name_says():
    random = np.random.default_rng(0)
    words = {name: len(length.write(random).split()) for name, length in LENGTHS.items()}
    assert words["prompt"] < 20
    assert 20 < words["10s"] < 45  # 2 to 4.5 words a second
    assert 120 < words["60s"] < 270


def test_the_mean_of_a_lengths_texts_is_that_of_many_others():
    random = np.random.default_rng(5)
    for length in LENGTHS.values():
        others = [len(length.write(random)) for _ in range(300)]
        assert length.mean_characters == pytest.approx(np.mean(others), rel=0.05)


def test_what_is_heard_before_the_clock_starts_has_every_voice_format_and_length_among_it():
    first = list(MIXTURE.one_of_each())
    assert len(first) == 4
    assert {each.voice_id for each in first} == set(MIXTURE.voices)
    assert {each.format for each in first} == set(FORMATS)
    assert {each.length for each in first} == set(USUAL_LENGTHS)


def test_the_mean_of_a_mixture_weighs_lengths_by_their_shares():
    mixture = Mixture(("anna",), FORMATS, {"prompt": 3, "60s": 1})
    assert mixture.mean_seconds({"prompt": 2.0, "60s": 58.0}) == pytest.approx(16.0)


@pytest.mark.parametrize("name", FORMATS)
def test_the_worker_has_the_formats(name):
    assert FormatName.parse(name).output(None, 24_000).name in name


def test_shares_are_read_as_they_are_written():
    assert parse_shares("pcm=2, mp3") == {"pcm": 2.0, "mp3": 1.0}
    assert parse_shares(write_shares(USUAL_LENGTHS)) == USUAL_LENGTHS


@pytest.mark.parametrize("text", ["pcm=0", "pcm=-1", "pcm=inf", "pcm=nan", "pcm=x", "ogg=1", ""])
def test_shares_that_are_none_are_refused_by_name(text):
    with pytest.raises(ValueError, match="pcm" if "pcm" in text else "is none of pcm"):
        parse_shares(text, ["pcm"])
