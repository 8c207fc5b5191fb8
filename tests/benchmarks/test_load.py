"""What a load test hears of real servers and real worker processes, and what it makes of that."""

import asyncio
import json
import subprocess
import sys
from subprocess import PIPE
from time import perf_counter

import pytest
from scripted_engine import ScriptedEngine
from served import served
from typer.testing import CliRunner

from benchmarks.__main__ import app
from benchmarks.load.clients import Address, speak_when_due
from benchmarks.load.figures import at_once, figures_of
from benchmarks.load.listening import Heard, listen
from benchmarks.load.measuring import Measured, RunClock
from benchmarks.load.memory_watch import MemoryWatch
from benchmarks.load.plot import plot_load
from benchmarks.load.sites import elsewhere
from benchmarks.load.sweep import Goal, most_that_hold
from benchmarks.load.table import remarks
from benchmarks.load.workload import Planned
from chatterpod import AsyncSpeechClient
from local_runpod import LocalEndpoint

pytestmark = pytest.mark.process

TEXT = "This is said slowly, so that whoever listens has to wait for it."
CLOCK = RunClock(seconds=12.0, warm_up_s=2.0, seed=0)


def asked(due_s=0.0, client=0, voice_id="default", text=TEXT):
    return Planned(due_s, client, voice_id, "pcm", "prompt", text)


def heard(due_s, first_audio_s=0.1, total_s=1.0, audio_s=5.0, **facts):
    return Heard(asked(due_s), first_audio_s=first_audio_s, total_s=total_s, audio_s=audio_s, **facts)


def case(*heard, clients=4, rate=1.0):
    return Measured(f"load/clients={clients}", clients, rate, CLOCK, list(heard), MemoryWatch([]))


def figures(measured):
    return {each.metric: each.ours for each in figures_of(measured)}


def hear(site, planned, began_s_ago=0.0):
    async def once():
        async with AsyncSpeechClient.http(site.url) as client:
            return await listen(client, planned, perf_counter() - began_s_ago)

    return asyncio.run(once())


class TestListening:
    def test_a_listener_of_a_slow_engine_hears_silences(self, tmp_path):
        """It makes 50 ms of speech in 100 ms."""
        with served(ScriptedEngine(block_delay_s=0.1), tmp_path) as site:
            slow = hear(site, asked())
        assert slow.error is None
        assert slow.first_audio_s > 0.1
        assert slow.audio_s == pytest.approx(len(TEXT) / 100, abs=0.02)
        assert slow.underruns >= 1
        assert slow.underrun_s > 0.3
        assert slow.first_audio_s < slow.total_s
        assert slow.worker_first_audio_ms < slow.first_audio_s * 1000

    def test_a_listener_of_a_fast_engine_hears_none(self, tmp_path):
        with served(ScriptedEngine(), tmp_path) as site:
            fast = hear(site, asked())
        assert (fast.error, fast.underruns, fast.underrun_s) == (None, 0, 0.0)
        begin, end = fast.listened
        assert end - begin == pytest.approx(len(TEXT) / 100, abs=0.02)

    def test_who_was_asked_for_late_has_waited_since_it_was_due(self, tmp_path):
        with served(ScriptedEngine(), tmp_path) as site:
            late = hear(site, asked(due_s=1.0), began_s_ago=3.0)
        assert late.late_s == pytest.approx(2.0, abs=0.3)
        assert late.first_audio_s > late.late_s
        assert late.total_s > late.first_audio_s

    def test_an_error_is_told_by_its_code_and_others_go_on(self, tmp_path):
        with served(ScriptedEngine(), tmp_path) as site:
            requests = [asked(0.0, 0, voice_id="nobody"), asked(0.1, 1)]
            wrong, right = speak_when_due(Address(site.url, "http"), requests)
        assert wrong.error == "unknown_voice"
        assert "nobody" in wrong.error_message
        assert wrong.listened is None
        assert right.error is None
        assert right.audio_s > 0

    def test_who_cannot_be_reached_is_an_error_of_each_request(self):
        (lost,) = speak_when_due(Address("http://127.0.0.1:9", "http", timeout_s=0.5), [asked()])
        assert lost.error in {"EndpointUnreachable", "DeadlineExceeded"}


class TestFigures:
    def test_the_warm_up_does_not_count(self):
        told = figures(case(heard(1.0, first_audio_s=9.0), heard(3.0, first_audio_s=0.2)))
        assert told["requests"] == 1
        assert told["first_audio_p99_ms"] == pytest.approx(200.0)

    def test_rates_are_of_what_was_due_and_of_what_was_done_in_the_time_that_counts(self):
        late = heard(11.5, total_s=1.0)  # ends after the clock
        told = figures(case(heard(1.5, total_s=1.0), heard(5.0), late))
        assert told["offered_per_s"] == pytest.approx(0.2)  # two in 10 s
        assert told["achieved_per_s"] == pytest.approx(0.2)
        assert told["audio_s_per_s"] == pytest.approx(1.0)

    def test_errors_are_told_by_code_and_have_no_waits(self):
        broken = heard(3.0, first_audio_s=None, audio_s=0.0, error="overloaded", error_message="too many")
        measured = case(broken, heard(4.0, attempts=2))
        told = figures(measured)
        assert (told["errors"], told["errors_overloaded"], told["repeated"]) == (1, 1, 1)
        assert told["first_audio_p50_ms"] == pytest.approx(100.0)
        assert list(remarks(measured)) == ["1 x overloaded, such as: too many"]

    def test_underruns_are_told_of_a_thousand_seconds_of_speech(self):
        told = figures(case(heard(3.0, underruns=1, audio_s=100.0), heard(4.0, audio_s=150.0)))
        assert told["underruns_per_1000_s"] == pytest.approx(4.0)

    def test_listeners_are_counted_as_long_as_they_listen(self):
        told = figures(case(heard(3.0, audio_s=4.0), heard(5.0, audio_s=4.0)))
        assert told["listeners_mean"] == pytest.approx(0.8)  # 8 s of 10
        assert told["listeners_peak"] == 2

    def test_a_machine_that_asks_late_is_said_to_be_the_limit(self):
        (remark,) = remarks(case(heard(3.0, late_s=0.5)))
        assert "sent requests 500 ms late" in remark

    def test_spans_that_touch_are_not_at_once(self):
        assert at_once([(0, 2), (1, 3), (3, 4)]) == [(0, 1), (1, 2), (2, 1), (3, 0), (3, 1), (4, 0)]

    def test_a_process_memory_is_looked_at_from_begin_to_end(self):
        grows = "input(); ballast = b'x' * (64 << 20); print(); input()"
        with subprocess.Popen([sys.executable, "-c", grows], stdin=PIPE, stdout=PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            with MemoryWatch([process.pid]) as watch:
                process.stdin.write(b"\n")
                process.stdin.flush()
                process.stdout.readline()
            process.stdin.write(b"\n")
        assert watch.looks[-1] - watch.looks[0] > 60


class TestSweep:
    @pytest.mark.parametrize("limit", [0, 1, 2, 3, 5, 11, 30])
    def test_the_most_that_hold_are_found_within_an_eighth(self, limit):
        found = most_that_hold(lambda count: count <= limit, most=64)
        assert limit - max(1, limit // 8) < found <= limit or found == limit == 0

    def test_no_more_are_tried_than_said(self):
        tried = []

        def holds(count):
            tried.append(count)
            return True

        assert most_that_hold(holds, most=20) == 20
        assert max(tried) == 20

    def test_a_goal_is_missed_by_waiting_by_silence_and_by_errors(self):
        goal = Goal(first_audio_p95_ms=200.0)
        assert goal.missed_by(case(heard(3.0))) == []
        assert goal.missed_by(case(heard(3.0, first_audio_s=0.3))) == ["first audio, p95: 300 ms, not 200 ms"]
        assert goal.missed_by(case(heard(3.0, underruns=2))) == ["2 underruns"]
        lost = heard(4.0, first_audio_s=None, error="overloaded")
        assert goal.missed_by(case(heard(3.0), lost)) == ["1 errors"]

    def test_a_case_in_which_nobody_asked_has_shown_nothing(self):
        assert Goal(200.0).missed_by(case()) == ["no requests: measure for longer"]


def test_the_picture_is_written_with_and_without_a_sweep(tmp_path):
    cases = [
        case(*(heard(at / 4, underruns=clients // 4) for at in range(40)), clients=clients, rate=clients / 4)
        for clients in (1, 2, 4)
    ]
    for shown in ([cases[0]], cases):
        plot_load(shown, shown[0], 200.0, tmp_path / "deep" / "load.png")
        assert (tmp_path / "deep" / "load.png").read_bytes().startswith(b"\x89PNG")


def measured_by(tmp_path, *options):
    file = tmp_path / "load.json"
    told = CliRunner().invoke(
        app, ["load", "--voices", "2", "--lengths", "prompt", *options, "--json", str(file)]
    )
    assert told.exit_code == 0, told.output
    report = json.loads(file.read_text())
    assert set(report) == {"hardware", "commit", "date", "results", "notes"}
    return {(each["case"], each["metric"]): each["ours"] for each in report["results"]}


def test_a_worker_behind_the_queue_is_measured_until_it_holds_no_more(tmp_path):
    told = measured_by(tmp_path, "--sweep", "--most", "2", "--duration", "3", "--target-ms", "60000")
    assert told["load/sweep", "streams_per_worker"] in {0, 1, 2}
    assert told["load/clients=1", "memory_peak_mb"] > 20
    assert told["load/clients=1", "errors"] == 0


def test_a_server_is_measured_over_http(tmp_path):
    told = measured_by(tmp_path, "--protocol", "http", "--rate", "5", "--duration", "3", "--formats", "pcm")
    of = "load/rate=5"
    assert told[of, "requests"] > 2
    assert told[of, "errors"] == 0
    assert 0 < told[of, "worker_first_audio_p50_ms"] < told[of, "first_audio_p50_ms"]
    assert told[of, "first_audio_p50_ms"] < told[of, "total_p50_s"] * 1000
    assert told[of, "audio_s_per_s"] > 0


def test_an_endpoint_that_does_not_speak_is_an_error_in_a_line(tmp_path):
    with served(ScriptedEngine(), tmp_path) as site:
        told = CliRunner().invoke(
            app, ["load", "--url", site.url, "--protocol", "http", "--voice-id", "nobody", "--duration", "2"]
        )
    assert told.exit_code == 1
    assert "error: pcm in nobody: unknown_voice" in told.output


def test_the_key_of_an_endpoint_is_the_environments_and_is_never_shown(worker_command, monkeypatch):
    with LocalEndpoint(worker_command, api_key="the-secret") as endpoint:
        monkeypatch.delenv("RUNPOD_API_KEY", raising=False)
        strange = elsewhere(endpoint.url, "queue", ["default"], timeout_s=30)
        (refused,) = speak_when_due(strange.address, [asked()])
        monkeypatch.setenv("RUNPOD_API_KEY", "the-secret")
        known = elsewhere(endpoint.url, "queue", ["default"], timeout_s=30)
        (spoken,) = speak_when_due(known.address, [asked()])
    assert refused.error == "NotAuthorised"
    assert spoken.error is None
    assert spoken.audio_s == pytest.approx(0.3)
    assert "the-secret" not in repr((known, spoken))


@pytest.mark.slow
@pytest.mark.usefixtures("quick_decodes")
def test_chatterbox_is_measured_too(tmp_path, small_checkpoint):
    options = ("--engine", "chatterbox-turbo", "--model-dir", str(small_checkpoint), "--formats", "pcm")
    told = measured_by(tmp_path, *options, "--rate", "0.5", "--duration", "6")
    assert told["load/rate=0.5", "errors"] == 0
    assert told["load/rate=0.5", "memory_peak_mb"] > 200


@pytest.mark.parametrize(
    "options",
    [
        ("--sweep", "--clients", "2"),
        ("--workers", "2", "--protocol", "http"),
        ("--formats", "pcm=0"),
        ("--lengths", "forever"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options):
    told = CliRunner().invoke(app, ["load", *options])
    assert told.exit_code == 2
    assert options[0] in told.output
