"""A start is taken apart in a process of its own, and compared by medians."""

from pathlib import Path

import pytest

from benchmarks import coldstart
from benchmarks.coldstart_starts import OURS, STOCK, Start, start_in_a_process

pytestmark = pytest.mark.process


def start(torch_s: float, load_s: float, first_audio_s: float = 9.0) -> Start:
    return Start({"Python": 0.5, "torch": torch_s, "T3": load_s}, first_audio_s, ready_mb=300.0, own_mb=100.0)


@pytest.fixture
def results():
    ours = [start(2.0, 1.5), start(2.0, 1.0), start(9.0, 9.0)]
    stock = [Start({"Python": 0.5, "from_local": 19.5}, 40.0, ready_mb=600.0, own_mb=500.0)] * 3
    return coldstart.summarized(ours, stock)


def test_the_headline_is_the_median_of_the_whole_start(results):
    headline = next(each for each in results if (each.case, each.metric) == ("coldstart", "ready_s"))
    assert (headline.ours, headline.stock, headline.ratio) == (4.0, 20.0, 5.0)


def test_phases_are_listed_for_each_in_their_order(results):
    ours = [(each.metric, each.ours) for each in results if each.case == "coldstart/ours"]
    assert ours == [("Python_s", 0.5), ("torch_s", 2.0), ("T3_s", 1.5)]
    assert [each.metric for each in results if each.case == "coldstart/stock"] == ["Python_s", "from_local_s"]


def test_the_phases_are_drawn(results, tmp_path: Path):
    coldstart.plot(results, tmp_path / "phases.png")
    assert (tmp_path / "phases.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("quick_decodes")
@pytest.mark.parametrize("whose", [OURS, STOCK])
def test_a_start_is_measured_from_its_process_beginning(whose, small_checkpoint: Path):
    measured = start_in_a_process(whose, small_checkpoint)
    assert next(iter(measured.phases)) == "Python"
    assert 0.5 < measured.phases["torch"] < measured.ready_s < measured.first_audio_s
    assert 100 < measured.own_mb <= measured.ready_mb


def test_a_start_that_fails_says_why(tmp_path: Path):
    with pytest.raises(RuntimeError, match=r"start of ours failed:[\s\S]*MODEL_DIR"):
        start_in_a_process(OURS, tmp_path / "nothing")
