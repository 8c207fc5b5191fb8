"""The rules of every benchmark's report."""

import json

import pytest

from benchmarks.report import Result, write_json


@pytest.mark.parametrize(
    "metric",
    ["ms", "ttfa_ms", "ttfa_p95_ms", "total_s", "ready_s", "rtf", "peak_mb", "slope_kb", "underruns",
     "underrun_s", "per_second_ms", "word_error_rate"],
)  # fmt: skip
def test_of_what_is_a_cost_less_is_better(metric):
    assert Result("case", metric, ours=2.0, stock=6.0).ratio == 3.0


@pytest.mark.parametrize("metric", ["audio_s_per_s", "tokens_per_s", "confidence", "speaker_similarity"])
def test_of_rates_and_merits_more_is_better(metric):
    assert Result("case", metric, ours=6.0, stock=2.0).ratio == 3.0


def test_without_a_stock_figure_there_is_no_ratio():
    assert Result("case", "ttfa_ms", ours=2.0).ratio is None


def test_two_that_make_no_error_are_equally_good():
    assert Result("case", "word_error_rate", ours=0.0, stock=0.0).ratio == 1.0


def test_the_json_has_the_form_that_all_share(tmp_path):
    file = tmp_path / "deep" / "out.json"
    write_json(file, [Result("stream/n=1/10s", "ttfa_ms", 2300.0, 29400.0)])
    written = json.loads(file.read_text())
    assert written.keys() == {"hardware", "commit", "date", "results"}
    assert written["results"] == [
        {"case": "stream/n=1/10s", "metric": "ttfa_ms", "ours": 2300.0, "stock": 29400.0, "ratio": 12.78}
    ]


def test_notes_are_written_where_there_are_any(tmp_path):
    write_json(tmp_path / "out.json", [], notes=["noise"])
    assert json.loads((tmp_path / "out.json").read_text())["notes"] == ["noise"]
