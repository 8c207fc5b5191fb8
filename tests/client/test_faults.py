"""Every status, fault and refusal that an endpoint may answer with."""

from __future__ import annotations

import pickle
import time
from typing import Any

import httpx
import pytest
from scripted import UNKNOWN_VOICE, Script, audio, finish, poll, start, whole

from client import (
    ClientError,
    DeadlineExceeded,
    EndpointUnreachable,
    JobCancelled,
    JobTimedOut,
    NotAuthorised,
    RateLimited,
    RequestFailed,
    RequestRefused,
    StreamGap,
    StreamIncomplete,
    UnexpectedAnswer,
    UnknownEndpoint,
    UnknownJob,
)


class TestFailing:
    def test_our_workers_errors_are_typed(self) -> None:
        script = finish(status="FAILED", error=UNKNOWN_VOICE)
        with pytest.raises(RequestFailed, match="unknown_voice: No voice 'x'") as caught:
            script.client().speak("Hi.", voice_id="x").read()
        error = caught.value
        assert (error.code, error.message, error.field) == ("unknown_voice", "No voice 'x'.", "voice_id")
        again = pickle.loads(pickle.dumps(error))
        assert (again.code, again.message, again.field) == (error.code, error.message, error.field)

    @pytest.mark.parametrize(
        ("error", "message"),
        [
            ("boom", "boom"),
            ('{"error_type": "ValueError", "error_message": "bad"}', "bad"),
            ({"detail": 1}, "{'detail': 1}"),
            ("[1]", "[1]"),
            (None, "the job failed without a reason"),
        ],
    )
    def test_other_failures_are_engine_failures(self, error: Any, message: str) -> None:
        with pytest.raises(RequestFailed) as caught:
            finish(status="FAILED", error=error).client().speak("Hi.").read()
        assert (caught.value.code, caught.value.message, caught.value.field) == (
            "engine_failure",
            message,
            None,
        )

    def test_the_reason_is_asked_for_when_the_stream_does_not_tell(self) -> None:
        script = Script(poll(status="FAILED"), status=[{"status": "FAILED", "error": UNKNOWN_VOICE}])
        with pytest.raises(RequestFailed, match="unknown_voice"):
            script.client().speak("Hi.").read()

    def test_what_came_before_a_failure_is_given_out_first(self) -> None:
        speech = finish(start(), audio(0), status="FAILED", error="boom").client().speak("Hi.")
        assert next(speech) == b"abc"
        with pytest.raises(RequestFailed):
            next(speech)

    def test_what_comes_after_a_failure_is_seen_is_given_out_too(self) -> None:
        failed = [poll(event, status="FAILED", error="boom") for event in (start(), audio(0), audio(1))]
        speech = Script(*failed, poll(status="FAILED", error="boom")).client().speak("Hi.")
        assert [next(speech), next(speech)] == [b"abc", b"abc"]
        with pytest.raises(RequestFailed):
            next(speech)

    @pytest.mark.parametrize(
        ("status", "error"),
        [("CANCELLED", JobCancelled), ("TIMED_OUT", JobTimedOut), ("COMPLETED", StreamIncomplete)],
    )
    def test_every_final_status_ends_the_iteration(self, status: str, error: type[ClientError]) -> None:
        with pytest.raises(error):
            finish(start(), audio(0), status=status).client().speak("Hi.").read()

    def test_a_gap_cancels_the_job(self) -> None:
        script = Script(poll(start(), audio(1)))
        with pytest.raises(StreamGap):
            script.client().speak("Hi.").read()
        assert script.count("cancel") == 1

    def test_the_overall_timeout_cancels_the_job(self) -> None:
        script = Script(poll(status="IN_QUEUE"))
        with pytest.raises(DeadlineExceeded, match=r"0\.2 s"):
            script.client(timeout=0.2).speak("Hi.").read()
        assert script.count("cancel") == 1


class TestRefusals:
    @pytest.mark.parametrize(
        ("code", "error"),
        [
            (401, NotAuthorised),
            (403, NotAuthorised),
            (404, UnknownEndpoint),
            (400, RequestRefused),
            (413, RequestRefused),
            (302, UnexpectedAnswer),
            (500, EndpointUnreachable),
        ],
    )
    def test_a_refused_submission_is_typed_and_not_repeated(
        self, code: int, error: type[ClientError]
    ) -> None:
        script = Script(run=[httpx.Response(code, json={"error": "because"})])
        with pytest.raises(error, match=f"{code}: because"):
            script.client().speak("Hi.")
        assert script.count("run") == 1

    def test_an_expired_job_is_unknown(self) -> None:
        with pytest.raises(UnknownJob):
            Script(httpx.Response(404, json={"error": "job not found"})).client().speak("Hi.").read()

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(200, text="<html>"),
            httpx.Response(200, json=[]),
            {"stream": []},
            {"status": "IN_PROGRESS", "stream": "x"},
            {"status": "IN_PROGRESS", "stream": [{"metrics": {}}]},
        ],
    )
    def test_what_is_not_the_protocol_is_an_error(self, answer: Any) -> None:
        with pytest.raises(UnexpectedAnswer):
            Script(answer).client().speak("Hi.").read()

    def test_a_submission_without_an_id_is_an_error(self) -> None:
        with pytest.raises(UnexpectedAnswer, match="without an id"):
            Script(run=[{"status": "IN_QUEUE"}]).client().speak("Hi.")


class TestRepeating:
    @pytest.mark.parametrize(
        "fault", [httpx.Response(502), httpx.ReadError("reset"), httpx.ReadTimeout("slow")]
    )
    def test_a_failed_poll_is_repeated(self, fault: httpx.Response | Exception) -> None:
        script = Script(poll(whole()[0]), fault, poll(*whole()[1:]))
        assert script.client().speak("Hi.").read() == b"abcabc"

    def test_a_poll_that_goes_on_failing_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("client.api.FIRST_BACKOFF_S", 0.001)
        script = Script(httpx.ConnectError("refused"))
        with pytest.raises(EndpointUnreachable, match="ConnectError refused"):
            script.client().speak("Hi.").read()
        assert script.count("stream") == 5

    def test_a_submission_that_was_never_sent_is_repeated(self) -> None:
        script = finish(*whole())
        script.answers["run"].insert(0, httpx.ConnectError("refused"))
        assert script.client().speak("Hi.").read() == b"abcabc"

    def test_a_submission_that_may_have_arrived_is_not_repeated(self) -> None:
        script = Script(run=[httpx.ReadTimeout("slow")])
        with pytest.raises(EndpointUnreachable):
            script.client().speak("Hi.")
        assert script.count("run") == 1

    @pytest.mark.parametrize("route", ["run", "stream"])
    def test_a_rate_limit_is_honoured(self, route: str) -> None:
        script = finish(*whole())
        script.answers[route].insert(0, httpx.Response(429, headers={"Retry-After": "0.3"}))
        began = time.monotonic()
        assert script.client().speak("Hi.").read() == b"abcabc"
        assert time.monotonic() - began >= 0.3

    @pytest.mark.parametrize("wait", ["60", "Fri, 31 Dec 2999 23:59:59 GMT"])
    def test_a_rate_limit_beyond_the_timeout_is_an_error_at_once(self, wait: str) -> None:
        script = Script(run=[httpx.Response(429, headers={"Retry-After": wait})])
        with pytest.raises(RateLimited):
            script.client(timeout=5).speak("Hi.")
