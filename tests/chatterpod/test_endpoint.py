"""The client against a scripted endpoint: what it asks, gives out, leaves and hides."""

from __future__ import annotations

import json
import time
import traceback
from typing import TYPE_CHECKING

import httpx
import pytest
from scripted import BASE, KEY, UNKNOWN_VOICE, Script, audio, end, finish, outcome, poll, start, whole

from chatterpod import DeadlineExceeded, JobCancelled, RequestFailed, ResultElsewhere, SpeechClient, StreamGap

if TYPE_CHECKING:
    from pathlib import Path


class TestSpeaking:
    def test_a_request_carries_the_given_fields_and_the_key(self) -> None:
        script = finish(*whole())
        script.client().speak("Hi.", voice_id="anna", format="mp3", speed=1.2, seed=None).read()
        request = script.requests[0]
        assert str(request.url) == f"{BASE}/run"
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        fields = {"text": "Hi.", "voice_id": "anna", "format": "mp3", "speed": 1.2}
        assert json.loads(request.content) == {"input": fields}

    def test_pieces_come_as_they_arrive(self) -> None:
        events = whole(2)
        script = Script(poll(*events[:2]), poll(*events[2:], status="COMPLETED"))
        speech = script.client().speak("Hi.")
        assert speech.start is None
        assert next(speech) == b"abc"
        assert script.count("stream") == 1
        assert speech.start is not None
        assert speech.seconds == 0.5
        assert list(speech) == [b"abc"]
        assert speech.metrics == {"ttfa_ms": 12.5}

    def test_a_result_that_is_elsewhere_is_not_saved_as_an_empty_file(self, tmp_path: Path) -> None:
        result = {"bytes": 5, "sha256": "0" * 64, "path": "/runpod-volume/results/j.mp3"}
        speech = finish(start(), end(b"", 0, result=result)).client().speak("Hi.")
        with pytest.raises(ResultElsewhere, match="results/j") as caught:
            speech.save(tmp_path / "a.mp3")
        assert caught.value.result == result
        assert list(tmp_path.iterdir()) == []

    def test_the_tail_is_drained_after_completion(self) -> None:
        events = whole(3)
        script = Script(*(poll(event, status="COMPLETED") for event in events), poll(status="COMPLETED"))
        assert script.client().speak("Hi.").read() == b"abc" * 3

    def test_an_end_that_lags_behind_completion_is_waited_for(self) -> None:
        events = whole(1)
        done = poll(status="COMPLETED")
        script = Script(
            poll(*events[:2], status="COMPLETED"), done, done, poll(events[2], status="COMPLETED")
        )
        assert script.client().speak("Hi.").read() == b"abc"

    def test_a_list_in_one_item_is_several_events(self) -> None:
        assert finish(whole()).client().speak("Hi.").read() == b"abcabc"

    def test_save_writes_the_whole_file(self, tmp_path: Path) -> None:
        path = finish(*whole()).client().speak("Hi.").save(tmp_path / "hi.mp3")
        assert path.read_bytes() == b"abcabc"
        assert list(tmp_path.iterdir()) == [path]

    def test_save_leaves_nothing_behind_when_it_fails(self, tmp_path: Path) -> None:
        speech = finish(start(), audio(0), audio(2)).client().speak("Hi.")
        with pytest.raises(StreamGap):
            speech.save(tmp_path / "hi.mp3")
        assert list(tmp_path.iterdir()) == []

    def test_no_time_is_wasted_while_audio_flows(self) -> None:
        script = Script(*(poll(event) for event in whole(100)))
        began = time.monotonic()
        script.client().speak("Hi.").read()
        assert time.monotonic() - began < 3  # each pause would be 0.05 s or more
        assert script.count("stream") == 102

    def test_a_waiting_job_is_asked_about_ever_less_often(self) -> None:
        script = Script(poll(status="IN_QUEUE"))
        with pytest.raises(DeadlineExceeded):
            script.client().speak("Hi.", timeout=1.0).read()
        assert 10 < script.count("stream") < 25


class TestLeaving:
    def test_leaving_early_cancels_the_job(self) -> None:
        script = Script(poll(start(), audio(0)), poll())
        with script.client().speak("Hi.") as speech:
            next(speech)
        assert script.count("cancel") == 1
        assert speech.status == "CANCELLED"

    def test_leaving_after_the_end_cancels_nothing(self) -> None:
        script = finish(*whole())
        with script.client().speak("Hi.") as speech:
            speech.read()
        assert script.count("cancel") == 0

    def test_leaving_never_hides_the_first_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("chatterpod.api.FIRST_BACKOFF_S", 0.001)
        script = Script(poll(start()), cancel=[httpx.Response(500)])
        with pytest.raises(KeyError), script.client().speak("Hi."):
            raise KeyError

    def test_a_cancelled_speech_raises_where_it_is_read(self) -> None:
        script = Script(poll(start(), audio(0)), poll(status="CANCELLED"))
        speech = script.client().speak("Hi.")
        next(speech)
        speech.cancel()
        with pytest.raises(JobCancelled):
            next(speech)


class TestActions:
    def test_an_action_returns_the_last_thing_it_yielded(self) -> None:
        script = finish({"progress": 0.5}, {"voices": ["anna"]})
        assert script.client().run_action({"action": "list_voices"}) == {"voices": ["anna"]}

    def test_an_action_that_yields_nothing_returns_its_output(self) -> None:
        script = finish(output={"voices": []})
        assert script.client().run_action({"action": "list_voices"}) == {"voices": []}

    def test_an_actions_tail_is_drained_after_completion(self) -> None:
        done = [poll({"step": step}, status="COMPLETED") for step in range(3)]
        script = Script(*done, poll(status="COMPLETED"))
        assert script.client().run_action({"action": "list_voices"}) == {"step": 2}

    def test_an_action_that_fails_after_yielding_raises(self) -> None:
        with pytest.raises(RequestFailed, match="unknown_voice"):
            finish({"progress": 0.5}, status="FAILED", error=UNKNOWN_VOICE).client().run_action({})

    def test_health_is_asked_of_the_endpoint(self) -> None:
        assert Script(health=[{"jobs": {}, "workers": {}}]).client().health() == {"jobs": {}, "workers": {}}


class TestSecrecy:
    def test_no_repr_and_no_traceback_shows_the_key(self) -> None:
        script = Script(run=[httpx.ReadTimeout("slow"), httpx.Response(401)])
        client = script.client()
        shown = [repr(client), repr(vars(client)), repr(client._api), repr(vars(client._api))]
        for _ in range(2):
            error = outcome(lambda: client.speak("Hi."))
            shown += ["".join(traceback.format_exception(error)), repr(error)]
        assert not any(KEY in text for text in shown)

    def test_a_key_is_used_without_the_newline_of_its_file(self) -> None:
        script = finish(*whole())
        SpeechClient(BASE, f"{KEY}\n", transport=httpx.MockTransport(script)).speak("Hi.").read()
        assert script.requests[0].headers["Authorization"] == f"Bearer {KEY}"

    @pytest.mark.parametrize("key", [" ", f"{KEY}\r\nX: y", f"{KEY} {KEY}", f"{KEY}\u00fc"])
    def test_an_impossible_key_is_refused_without_showing_it(self, key: str) -> None:
        error = outcome(lambda: SpeechClient(BASE, key))
        assert isinstance(error, ValueError)
        assert KEY not in "".join(traceback.format_exception(error))

    def test_a_hosted_endpoint_is_asked_over_tls(self) -> None:
        with SpeechClient.runpod("abc123", KEY) as client:
            assert repr(client) == "SpeechClient('https://api.runpod.ai/v2/abc123')"
