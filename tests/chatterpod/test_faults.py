"""Every status, fault and refusal that an endpoint may answer with."""

from __future__ import annotations

import json
import pickle
import time
from typing import Any

import httpx
import pytest
from scripted import UNKNOWN_VOICE, Script, audio, finish, poll, start, whole
from timed import after

from chatterpod import (
    ClientError,
    DeadlineExceeded,
    EndpointUnreachable,
    JobCancelled,
    JobTimedOut,
    NotAuthorised,
    Overloaded,
    RateLimited,
    RequestFailed,
    RequestRefused,
    StreamGap,
    StreamIncomplete,
    UnexpectedAnswer,
    UnknownEndpoint,
    UnknownJob,
    UnknownVoice,
)
from chatterpod.request_errors import REQUEST_ERRORS


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
        with pytest.raises(UnexpectedAnswer, match="no job id"):
            Script(run=[{"status": "IN_QUEUE"}]).client().speak("Hi.")


class TestRepeating:
    @pytest.mark.parametrize(
        "fault", [httpx.Response(502), httpx.ReadError("reset"), httpx.ReadTimeout("slow")]
    )
    def test_a_failed_poll_is_repeated(self, fault: httpx.Response | Exception) -> None:
        script = Script(poll(whole()[0]), fault, poll(*whole()[1:]))
        assert script.client().speak("Hi.").read() == b"abcabc"

    def test_a_poll_that_goes_on_failing_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("chatterpod.api.FIRST_BACKOFF_S", 0.001)
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


def overloaded(**more: Any) -> str:
    return json.dumps({"code": "overloaded", "message": "Full.", "field": None} | more)


class TestComingBack:
    def refused(self, times: int, **more: Any) -> Script:
        """A queue whose workers refuse the first jobs and speak the next."""
        failed = poll(status="FAILED", error=overloaded(**more))
        return Script(*[failed] * times, poll(*whole()), poll(status="COMPLETED"))

    def test_a_job_that_found_no_room_is_queued_again_after_the_told_time(self) -> None:
        script = self.refused(2, retry_after_s=0.3)
        speech = script.client().speak("Hi.")
        began = time.monotonic()
        assert speech.read() == b"abcabc"
        assert time.monotonic() - began >= 0.6
        assert speech.attempts == 3
        bodies = [request.content for request in script.requests if request.url.path.endswith("/run")]
        assert len(bodies) == 3
        assert len(set(bodies)) == 1

    def test_it_is_given_up_after_the_retries(self) -> None:
        script = self.refused(9, retry_after_s=0.01)
        with pytest.raises(Overloaded, match="Full") as caught:
            script.client(retries=1).speak("Hi.").read()
        assert script.count("run") == 2
        assert caught.value.retry_after_s == 0.01

    def test_it_is_given_up_at_once_where_there_is_no_time_to_wait(self) -> None:
        script = self.refused(9, retry_after_s=60)
        with pytest.raises(Overloaded):
            script.client(timeout=5).speak("Hi.").read()
        assert script.count("run") == 1

    def test_nothing_is_made_again_once_it_has_begun(self) -> None:
        script = Script(poll(start(), audio(0)), poll(status="FAILED", error=overloaded(retry_after_s=0)))
        speech = script.client().speak("Hi.")
        assert next(speech) == b"abc"
        with pytest.raises(Overloaded):
            next(speech)
        assert script.count("run") == 1

    def test_no_other_failure_is_made_again(self) -> None:
        script = finish(status="FAILED", error=UNKNOWN_VOICE)
        with pytest.raises(UnknownVoice):
            script.client().speak("Hi.").read()
        assert script.count("run") == 1

    def test_one_that_waits_can_be_cancelled(self) -> None:
        script = self.refused(9, retry_after_s=0.5)
        speech = script.client().speak("Hi.")
        with after(0.2, speech.cancel), pytest.raises(JobCancelled):
            speech.read()
        assert script.count("run") == 1


@pytest.mark.parametrize("code", sorted(REQUEST_ERRORS))
def test_every_code_has_a_class_that_survives_pickling(code: str) -> None:
    error = RequestFailed.from_error({"code": code, "message": "m", "field": "f", "retry_after_s": 2})
    assert type(error) is REQUEST_ERRORS[code]
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (again.code, again.message, again.field, again.retry_after_s) == (code, "m", "f", 2.0)


def test_every_code_of_the_worker_is_known() -> None:
    import worker.errors  # noqa: F401 - so that its classes are there
    from voices.errors import ChatterpodError

    def codes(kind: type[ChatterpodError]) -> set[str]:
        return {kind.code}.union(*map(codes, kind.__subclasses__()))

    of_other_actions = {"voice_exists", "voice_busy", "endpoint_failure"}
    of_http = {"not_authorised", "origin_refused", "host_refused", "not_enabled", "not_found"}
    of_http |= {"method_not_allowed", "body_timeout", "too_large"}
    of_an_installation = {"missing_extra"}  # no caller can mend it: a plain RequestFailed
    assert codes(ChatterpodError) - of_other_actions - of_http - of_an_installation <= set(REQUEST_ERRORS)


@pytest.mark.parametrize("hint", ["soon", True, None, -1, float("inf"), float("nan")])
def test_a_hint_that_is_no_time_is_none(hint: Any) -> None:
    assert RequestFailed.from_error({"code": "overloaded", "retry_after_s": hint}).retry_after_s is None


def test_a_code_that_is_not_known_is_a_failure_still() -> None:
    error = RequestFailed.from_error({"code": "moon_phase", "message": "m"})
    assert type(error) is RequestFailed
    assert error.code == "moon_phase"
