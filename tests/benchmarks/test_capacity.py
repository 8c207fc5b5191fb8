"""The planner's arithmetic, by hand and by tables."""

import json
import re
import shlex
from math import factorial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.__main__ import app
from benchmarks.capacity import day
from benchmarks.capacity.arithmetic import explain
from benchmarks.capacity.cost import Prices, costs
from benchmarks.capacity.erlang import share_refused, share_waiting, share_waiting_longer, streams_needed
from benchmarks.capacity.plan import CapacityPlan, Demand, Service
from benchmarks.pages import ROOT

SERVICE = Service(streams_per_worker=16, utilisation=0.7, wait_seconds=0.2, late_share=0.01, turn_seconds=10)


def calls(shares=None, count=30_000):
    return Demand(count, seconds_per_call=180, talk_share=0.5, shares=shares or day.flat())


class TestErlang:
    @pytest.mark.parametrize(
        ("streams", "load", "refused"),
        [(1, 0.0101, 0.01), (2, 0.153, 0.01), (5, 1.36, 0.01), (10, 4.46, 0.01), (20, 12.03, 0.01)],
    )
    def test_refusals_are_those_of_the_published_tables(self, streams, load, refused):
        """Erlang B's tables give the load that so many lines carry with 1 % refused."""
        assert share_refused(streams, load) == pytest.approx(refused, rel=0.02)

    @pytest.mark.parametrize(
        ("streams", "load", "waiting"),
        [(2, 1.0, 1 / 3), (3, 2.0, 4 / 9), (11, 10.0, 0.682), (14, 10.0, 0.174)],
    )
    def test_waits_are_those_of_textbooks(self, streams, load, waiting):
        assert share_waiting(streams, load) == pytest.approx(waiting, abs=0.0006)

    @pytest.mark.parametrize("load", [0.3, 2.5, 7.9])
    def test_waits_are_those_of_the_formula_as_it_is_written(self, load):
        streams = 8
        last = load**streams / factorial(streams) * streams / (streams - load)
        expected = last / (sum(load**k / factorial(k) for k in range(streams)) + last)
        assert share_waiting(streams, load) == pytest.approx(expected)

    def test_one_stream_makes_wait_as_often_as_it_is_taken(self):
        assert share_waiting(1, 0.6) == pytest.approx(0.6)

    def test_with_too_few_streams_everybody_waits(self):
        assert share_waiting(5, 5.0) == 1.0
        assert share_waiting_longer(5, 6.0, 10.0, 1.0) == 1.0

    def test_few_wait_long(self):
        """Of two streams with 1 erlang a third waits, and e^-1 of those longer than a stream is taken."""
        assert share_waiting_longer(2, 1.0, 10.0, 10.0) == pytest.approx(1 / 3 * 0.367879, rel=1e-4)

    @pytest.mark.parametrize("load", [0.01, 1.0, 31.25, 75.0, 400.0])
    def test_the_fewest_streams_keep_the_promise_and_one_less_does_not(self, load):
        streams = streams_needed(load, 0.2, 10.0, 0.01)
        assert share_waiting_longer(streams, load, 0.2, 10.0) <= 0.01
        assert share_waiting_longer(streams - 1, load, 0.2, 10.0) > 0.01


class TestPlan:
    def test_a_flat_day_of_30_000_calls_is_done_by_hand(self):
        """62.5 calls at once and 31.25 streams; / 0.7 = 44.6; 45 / 16 = 2.8."""
        demand = calls()
        assert demand.speech_seconds == 2_700_000
        assert demand.calls_at_once(1 / 24) == pytest.approx(62.5)
        assert demand.load(1 / 24) == pytest.approx(31.25)
        plan = CapacityPlan(demand, SERVICE)
        assert {(hour.streams_for_use, hour.workers) for hour in plan.hours} == {(45, 3)}
        assert (plan.worker_hours, plan.always_on_hours, plan.fewest_workers) == (72, 72, 3)

    def test_a_busy_hour_is_done_by_hand(self):
        """3,000 calls are 150 at once and 75 streams; / 0.7 = 107.1; 108 / 16 = 6.75. Else 43 / 16 = 2.7."""
        plan = CapacityPlan(calls(day.with_busiest(0.1)), SERVICE)
        assert plan.busiest.load == pytest.approx(75.0)
        assert (plan.busiest.streams, plan.busiest.workers) == (108, 7)
        assert plan.worker_hours == 23 * 3 + 7
        assert plan.always_on_hours == 7 * 24

    def test_where_few_are_busy_it_is_the_waiting_that_decides(self):
        """1.25 erlangs / 0.7 are 2 streams, of which both are taken far more often than once in a hundred."""
        hour = CapacityPlan(calls(count=1_200), SERVICE).busiest
        assert hour.streams_for_use == 2
        assert hour.streams == hour.streams_for_waiting > 4

    def test_an_hour_without_calls_needs_nobody(self):
        plan = CapacityPlan(calls(day.read(day.OFFICE_HOURS)), SERVICE)
        assert plan.fewest_workers == 0
        assert plan.hours[3].workers == 0

    def test_exactly_enough_is_enough(self):
        """75 / 0.75 = 100."""
        service = Service(10, 0.75, wait_seconds=60, late_share=0.5, turn_seconds=10)
        hour = CapacityPlan(calls(day.with_busiest(0.1)), service).busiest
        assert (hour.streams_for_use, hour.workers) == (100, 10)


class TestCost:
    def test_the_ways_to_have_the_workers_are_priced_by_hand(self):
        """Flex at $2: 76 h. Active at $1: 168 h; or 72 h of it and 4 h of flex."""
        plan = CapacityPlan(calls(day.with_busiest(0.1)), SERVICE)
        active, flex, both = costs(plan, Prices(flex=2.0, active=1.0))
        assert active.per_day == pytest.approx(168.0)
        assert flex.per_day == pytest.approx(152.0)
        assert both.per_day == pytest.approx(80.0)
        assert flex.per_month == pytest.approx(4_560.0)
        assert flex.per_thousand_calls == pytest.approx(152 / 30)

    def test_where_a_night_needs_nobody_there_is_no_base_of_active_workers(self):
        plan = CapacityPlan(calls(day.read(day.OFFICE_HOURS)), SERVICE)
        assert len(costs(plan, Prices(2.0, 1.0))) == 2


class TestDay:
    def test_every_day_adds_up_to_one(self):
        for shares in (day.flat(), day.with_busiest(0.2), day.read(day.OFFICE_HOURS)):
            assert len(shares) == 24
            assert sum(shares) == pytest.approx(1)

    def test_the_busiest_hour_is_the_busiest(self):
        shares = day.with_busiest(0.2)
        assert max(shares) == 0.2
        assert sorted(shares)[-2] == pytest.approx(0.8 / 23)

    @pytest.mark.parametrize("share", [0.0, 0.04, 1.1, float("nan")])
    def test_a_busiest_hour_that_is_not_is_refused(self, share):
        with pytest.raises(ValueError, match="share of 1/24"):
            day.with_busiest(share)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("1 2 3", "not 3"),
            ("0 " * 24, "not all of them 0"),
            ("-1 " * 24, "from 0 on"),
            ("one " * 24, "one"),
        ],
    )
    def test_a_file_that_is_no_day_is_refused_by_its_name(self, tmp_path: Path, text, said):
        file = tmp_path / "day.txt"
        file.write_text(text)
        with pytest.raises(ValueError, match=rf"day\.txt: .*{said}"):
            day.read(file)


def planned(*options):
    return CliRunner().invoke(app, ["capacity", *options])


def test_the_lines_can_be_followed_by_hand():
    plan = CapacityPlan(calls(day.with_busiest(0.1)), SERVICE)
    lines = "\n".join(explain(plan, costs(plan, Prices(2.0, 1.0))))
    for line in (
        "30,000 calls x 180 s = 5,400,000 s of calls, x 0.5 = 2,700,000 s = 750.0 h of speech",
        "3,000 x 180 s / 3,600 s = 150.0 calls at once, x 0.5 = 75.0 streams",
        "75.0 / 0.7 -> 108",
        "108 streams / 16 a worker = 6.75 -> 7 workers",
        "76 h x $2 = $152.00 a day",
        "72 h x $1 + 4 h x $2 = $80.00 a day",
    ):
        assert line in lines


def test_the_pages_example_is_what_the_command_prints():
    page = (ROOT / "docs" / "TUNING.md").read_text()
    (example,) = re.findall(r"```text\n\$ \./scripts/bench (capacity [^\n]*)\n(.*?)```", page, re.DOTALL)
    assert CliRunner().invoke(app, shlex.split(example[0])).output == example[1]


def test_without_a_price_no_cost_is_told(tmp_path):
    told = planned("--streams-per-worker", "16", "--json", str(tmp_path / "plan.json"))
    assert told.exit_code == 0
    assert "left out" in told.output
    assert "$" not in told.output
    assert json.loads((tmp_path / "plan.json").read_text())["cost"] is None


def test_the_plan_is_written_with_what_was_assumed(tmp_path):
    options = ("--peak-factor", "0.1", "--price-per-hour", "2", "--active-price-per-hour", "1")
    assert planned("--streams-per-worker", "16", *options, "--json", str(tmp_path / "p.json")).exit_code == 0
    plan = json.loads((tmp_path / "p.json").read_text())
    assert plan["assumed"]["streams_per_worker"] == 16
    assert plan["busiest_hour"]["workers"] == 7
    assert plan["gpu_hours_per_day"] == {"flex": 76, "always_on": 168}
    assert [way["per_day"] for way in plan["cost"]] == [168.0, 152.0, 80.0]
    assert len(plan["hours"]) == 24


class TestMeasured:
    @pytest.fixture
    def sweep(self, tmp_path):
        def write(*results):
            file = tmp_path / "load.json"
            file.write_text(json.dumps({"results": list(results)}))
            return str(file)

        return write

    def test_what_a_sweep_found_is_taken(self, sweep):
        found = {"case": "load/sweep", "metric": "streams_per_worker", "ours": 20}
        assert "/ 20 a worker" in planned("--from", sweep(found)).output

    def test_a_worker_that_carries_nobody_cannot_be_planned_with(self, sweep):
        found = {"case": "load/sweep", "metric": "streams_per_worker", "ours": 0}
        told = planned("--from", sweep(found))
        assert told.exit_code == 2
        assert "not one stream" in told.output

    def test_a_file_without_a_sweep_is_refused(self, sweep):
        assert planned("--from", sweep()).exit_code == 2


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--streams-per-worker", "4", "--from", "load.json"),
        ("--from", "nowhere.json"),
        ("--streams-per-worker", "4", "--utilisation", "1.2"),
        ("--streams-per-worker", "4", "--talk-share", "0"),
        ("--streams-per-worker", "4", "--active-price-per-hour", "1"),
        ("--streams-per-worker", "4", "--profile", "office-hours", "--peak-factor", "0.1"),
        ("--streams-per-worker", "4", "--profile", "nowhere.txt"),
        ("--streams-per-worker", "4", "--peak-factor", "0.01"),
    ],
)
def test_options_that_make_no_plan_are_refused(options):
    told = planned(*options)
    assert told.exit_code == 2
    assert "Error" in told.output
