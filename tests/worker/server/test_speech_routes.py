"""Speech over HTTP: audio streamed while it is generated, or a complete file."""

import base64
import hashlib
import io
import json
import time

import httpx
import numpy as np
import pytest
import soundfile
from served import audio_of

TEXT = "word " * 60  # 3 s of the scripted engine's tone


def _post(site, path="/tts/generate", headers=None, **body):
    return httpx.post(f"{site.url}{path}", json=body, headers=headers, timeout=30)


def test_the_samples_are_those_that_were_spoken(site):
    samples = np.frombuffer(audio_of(site, text=TEXT, format="pcm"), "<i2")
    tone = 0.25 * np.sin(2 * np.pi * 220 * np.arange(2400) / 24_000)
    assert np.allclose(samples[:2400] / 2**15, tone, atol=1e-3)
    assert len(samples) / 24_000 == pytest.approx(len(TEXT.strip()) * 0.01, abs=0.05)


def test_headers_tell_what_a_body_of_audio_cannot(site):
    answer = _post(
        site,
        text="Hello.",
        voice_id="anna",
        format="mp3_44100_128",
        top_k=5,
        headers={"X-Request-Id": "my-7"},
    )
    assert answer.headers["content-type"] == "audio/mpeg"
    told = {
        name: answer.headers[f"x-{name}"] for name in ("voice-id", "engine", "audio-format", "sample-rate")
    }
    assert told == {
        "voice-id": "anna",
        "engine": "scripted",
        "audio-format": "mp3",
        "sample-rate": "44100",
    }
    assert answer.headers["x-request-id"] == "my-7"
    assert answer.headers["x-ignored"] == "top_k"


def test_a_request_id_that_could_forge_a_header_or_a_log_line_is_replaced(site):
    answer = _post(site, text="Hello.", headers={"X-Request-Id": "a b\tc"})
    assert len(answer.headers["x-request-id"]) == 32


def test_the_first_bytes_leave_before_the_speech_is_complete(slow_site):
    began = time.perf_counter()
    with httpx.stream(
        "POST", f"{slow_site.url}/tts/generate", json={"text": TEXT, "format": "pcm"}, timeout=30
    ) as answer:
        arrivals = [time.perf_counter() - began for _ in answer.iter_raw()]
    assert "content-length" not in answer.headers
    assert arrivals[0] < arrivals[-1] / 2
    assert arrivals[-1] > 2.5
    assert len(arrivals) > 5


@pytest.mark.parametrize("name", ["wav", "flac"])
def test_a_finished_file_tells_its_length(site, name):
    answer = _post(site, text=TEXT, format=name, stream=False)
    assert int(answer.headers["content-length"]) == len(answer.content)
    told = soundfile.info(io.BytesIO(answer.content))
    assert told.duration == pytest.approx(len(TEXT.strip()) * 0.01, abs=0.05)


def test_events_come_as_lines_of_json_whose_checksum_holds(site):
    answer = _post(site, text=TEXT, format="mp3", headers={"Accept": "application/x-ndjson"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    start, *audio, end = [json.loads(line) for line in answer.text.splitlines()]
    assert [event["index"] for event in audio] == list(range(end["chunks"]))
    joined = b"".join(base64.b64decode(event["audio"]) for event in audio)
    assert hashlib.sha256(joined).hexdigest() == end["sha256"]
    assert start["format"] == "mp3"
    assert end["metrics"]["ttfa_ms"] > 0


def test_events_of_a_finished_file_come_with_its_length(site):
    headers = {"Accept": "application/x-ndjson"}
    answer = _post(site, text=TEXT, format="mp3", stream=False, headers=headers)
    assert int(answer.headers["content-length"]) == len(answer.content)
    kinds = [json.loads(line)["type"] for line in answer.text.splitlines()]
    assert kinds == ["start", "audio", "end"]


class TestSynthesize:
    def test_a_file_is_wav_unless_said(self, site):
        answer = _post(site, "/v1/synthesize", text="Press one.")
        assert answer.headers["content-type"] == "audio/wav"
        assert soundfile.info(io.BytesIO(answer.content)).samplerate == 24_000

    def test_telephony_is_whole_frames_of_mu_law(self, site):
        answer = _post(site, "/v1/synthesize/telephony", text="Your call is important.")
        assert answer.headers["content-type"] == "audio/PCMU"
        assert answer.headers["x-sample-rate"] == "8000"
        assert len(answer.content) % 160 == 0
        assert len(answer.content) == pytest.approx(len("Your call is important.") * 80, abs=320)

    def test_telephony_has_samples_too(self, site):
        answer = _post(site, "/v1/synthesize/telephony", text="Hello.", format="pcm_16000")
        assert answer.headers["x-sample-rate"] == "16000"
        assert len(answer.content) == pytest.approx(len("Hello.") * 320, abs=640)

    def test_telephony_refuses_what_no_telephone_plays(self, site):
        answer = _post(site, "/v1/synthesize/telephony", text="Hello.", format="mp3")
        assert answer.status_code == 400
        assert answer.json()["error"]["field"] == "format"
