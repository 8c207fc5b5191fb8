"""What ``scripts/bench stream`` makes of what was heard."""

import asyncio

import pytest
from scripted_engine import ScriptedEngine

from benchmarks.report import Result
from benchmarks.stock import Startup, StockRun, StockSpoken
from benchmarks.stream import plot
from benchmarks.stream.cases import LENGTHS, Case, full_cases, quick_cases
from benchmarks.stream.figures import (
    StreamResults,
    figures_of,
    fitted_exponent,
    length_exponent,
    percentile_95,
    startup_figures,
)
from benchmarks.stream.listeners import Round, StreamHeard, listen
from benchmarks.stream.ours import OurRun, StreamMeasured
from voices.library import VoiceLibrary
from worker.service.service import SpeechService
from worker.settings import Settings
from worker.text.chunks import split_text

ONE, EIGHT = Case(LENGTHS["10s"], 1), Case(LENGTHS["10s"], 8)
STOCK = StockSpoken(totals_s=[40.0, 20.0, 30.0], audio_s=[10.0, 10.0, 10.0])


def heard(ttfa_s=1.0, total_s=8.0, audio_s=10.0, underruns=0):
    return StreamHeard(
        ttfa_s, total_s, audio_s, underruns, buffer=[(ttfa_s, 0.0), (ttfa_s, 0.4), (total_s, -1.0)]
    )


def measured(case, *rounds):
    return StreamMeasured(case, list(rounds), memory_mb=1000.0, vram_mb=None)


def by_metric(results):
    return {each.metric: (each.ours, each.stock) for each in results}


@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS)
def test_the_worker_splits_a_text_as_stock_is_given_it(length):
    assert [chunk.text for chunk in split_text(length.text)] == list(length.text_chunks)
    assert len(length.text_chunks) == length.count


def test_the_headline_cases_have_the_names_that_were_agreed():
    assert [case.name for case in quick_cases()] == ["stream/n=1/10s", "stream/n=8/10s", "whole/n=8/10s"]


def test_a_gpu_is_given_more_streams():
    assert max(case.streams for case in full_cases(on_gpu=False)) == 8
    assert max(case.streams for case in full_cases(on_gpu=True)) == 64
    assert set(quick_cases()) < set(full_cases(on_gpu=False))


def test_one_streams_figures_stand_beside_stocks_which_are_heard_when_all_is_done():
    figures = by_metric(figures_of(measured(ONE, Round([heard()], 8.0)), STOCK))
    assert figures["ttfa_ms"] == (1000.0, 30_000.0)
    assert figures["total_s"] == (8.0, 30.0)
    assert figures["rtf"] == (0.8, 3.0)
    assert figures["audio_s_per_s"] == (1.25, 0.333)


def test_of_several_streams_stock_has_the_rate_of_one_and_no_latency():
    round_ = Round([heard(ttfa_s=number, underruns=number) for number in range(1, 9)], 40.0)
    figures = by_metric(figures_of(measured(EIGHT, round_), STOCK))
    assert figures["audio_s_per_s"] == (2.0, 0.333)
    assert figures["ttfa_ms"] == (4500.0, None)
    assert figures["ttfa_p95_ms"] == (7650.0, None)
    assert figures["underruns"] == (4.5, None)


def test_the_percentile_of_one_value_is_the_value():
    assert percentile_95([3.0]) == 3.0


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_the_fit_finds_the_power_that_cost_grows_with(power):
    amounts = [2.0, 2.1, 10.0, 60.0]
    assert fitted_exponent(amounts, [0.3 * each**power for each in amounts]) == pytest.approx(power)


def test_lengths_that_are_all_the_same_fit_no_power():
    assert fitted_exponent([10.0, 10.1], [5.0, 6.0]) is None
    assert fitted_exponent([], []) is None


def test_growth_with_length_is_told_of_single_streams_alone():
    lengths = {"2s": 2.0, "10s": 10.0}
    single = [
        measured(Case(LENGTHS[name], 1), Round([heard(total_s=seconds**2, audio_s=seconds)], 1.0))
        for name, seconds in lengths.items()
    ]
    crowd = measured(EIGHT, Round([heard(total_s=1e6)], 1.0))
    assert length_exponent([*single, crowd]) == [Result("stream/n=1/growth with length", "exponent", 2.0)]


def test_what_it_takes_to_be_ready_stands_beside_stocks():
    ours = OurRun(
        Startup(1.0, 2.0, 3.0), [measured(ONE, Round([heard()], 8.0))], loaded_mb=900.0, peak_mb=1000.0
    )
    stock = StockRun(Startup(10.0, 5.0, 30.0), {}, peak_mb=4000.0, vram_mb=None)
    ready = next(each for each in startup_figures(ours, stock) if each.metric == "ready_s")
    assert (ready.ours, ready.stock, ready.ratio) == (3.0, 15.0, 5.0)


@pytest.fixture
def service(registry):
    service = SpeechService(ScriptedEngine(block_delay_s=0.01), VoiceLibrary([registry]), Settings())
    yield service
    service.close()


def test_every_listener_of_a_round_hears_the_whole_text(service):
    round_ = asyncio.run(listen(service, Case(LENGTHS["10s"], 3)))
    seconds = len(LENGTHS["10s"].text) / 100  # as the scripted engine speaks
    assert [each.audio_s for each in round_.heard] == pytest.approx([seconds] * 3)
    for each in round_.heard:
        assert 0.01 < each.ttfa_s < each.total_s <= round_.seconds
        assert each.buffer[0][1] == 0.0
        assert max(level for _, level in each.buffer) <= seconds


def test_speech_that_is_whole_is_heard_at_its_end(service):
    (alone,) = asyncio.run(listen(service, Case(LENGTHS["10s"], 1, whole=True))).heard
    assert alone.ttfa_s > 0.19  # 20 blocks of 10 ms each
    assert len(alone.buffer) == 2


def test_the_picture_is_written(tmp_path):
    results = StreamResults()
    for case in (ONE, EIGHT):
        round_ = Round([heard() for _ in range(case.streams)], 8.0)
        results += figures_of(measured(case, round_), STOCK)
        results.traces[case.name] = round_.heard
    plot(results, tmp_path / "deep" / "stream.png")
    assert (tmp_path / "deep" / "stream.png").read_bytes().startswith(b"\x89PNG")
