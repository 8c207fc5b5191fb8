"""The official ``openai`` client speaks through this server, in every way that it knows."""

import base64
import json
import time

import httpx
import openai
import pytest
from scripted_engine import ScriptedEngine
from served import served

from voices.decoding import decode_clip

TEXT = "word " * 40
SECONDS = len(TEXT.strip()) * 0.01
FORMATS = ["mp3", "opus", "aac", "flac", "wav", "pcm"]


@pytest.fixture(scope="module")
def client(site):
    with openai.OpenAI(base_url=f"{site.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def _seconds(audio: bytes, name: str) -> float:
    return len(audio) / 48_000 if name == "pcm" else decode_clip(audio).seconds


@pytest.mark.parametrize("name", FORMATS)
def test_speech_is_streamed_in_every_format(client, name):
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="anna", input=TEXT, response_format=name
    ) as answer:
        blocks = list(answer.iter_bytes(chunk_size=512))
    assert len(blocks) > 3
    assert _seconds(b"".join(blocks), name) == pytest.approx(SECONDS, abs=0.12)


@pytest.mark.parametrize("name", FORMATS)
def test_speech_comes_as_events_in_every_format(client, name):
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="anna", input=TEXT, response_format=name, stream_format="sse"
    ) as answer:
        lines = [line for line in answer.iter_lines() if line]
        assert answer.headers["content-type"] == "text/event-stream"
    *deltas, done = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert done["type"] == "speech.audio.done"
    assert done["usage"]["total_tokens"] == done["usage"]["input_tokens"] + done["usage"]["output_tokens"]
    audio = b"".join(base64.b64decode(event["audio"]) for event in deltas)
    assert _seconds(audio, name) == pytest.approx(SECONDS, abs=0.12)


def test_the_first_audio_comes_before_the_speech_is_complete(slow_site):
    with openai.OpenAI(base_url=f"{slow_site.url}/v1", api_key="none") as client:
        began = time.perf_counter()
        with client.audio.speech.with_streaming_response.create(
            model="tts-1", voice="default", input=TEXT, response_format="pcm"
        ) as answer:
            next(answer.iter_bytes(chunk_size=480))
            assert time.perf_counter() - began < SECONDS / 2


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_speed_changes_the_length(client, speed):
    answer = client.audio.speech.create(
        model="tts-1", voice="anna", input=TEXT, response_format="wav", speed=speed
    )
    assert _seconds(answer.content, "wav") == pytest.approx(SECONDS / speed, abs=0.1)


@pytest.mark.parametrize("speed", [0.25, 4.0])
def test_a_speed_that_openai_allows_and_we_do_not_is_told_apart(client, speed):
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.speech.create(model="tts-1", voice="anna", input=TEXT, speed=speed)
    assert "OpenAI's API allows it" in caught.value.body["message"]
    assert "0.5 to 2.0" in caught.value.body["message"]
    assert caught.value.param == "speed"


def test_errors_are_openais(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.audio.speech.create(model="tts-1", voice="nobody", input="Hello.")
    assert caught.value.code == "unknown_voice"
    assert caught.value.param == "voice"
    assert caught.value.type == "invalid_request_error"
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.speech.create(model="tts-1", voice="anna", input="  ")
    assert caught.value.param == "input"
    with pytest.raises(openai.NotFoundError) as caught:
        client.audio.speech.create(model="tts-9", voice="anna", input="Hello.")
    assert caught.value.param == "model"
    with pytest.raises(openai.InternalServerError) as caught:
        client.audio.speech.create(model="tts-1", voice="bob", input="Hello.")
    assert (caught.value.code, caught.value.type) == ("voice_corrupt", "server_error")


def test_this_servers_own_options_go_in_the_extra_body(client):
    answer = client.audio.speech.with_raw_response.create(
        model="tts-1", voice="anna", input="Hello.", extra_body={"seed": 7, "top_k": 3, "sample_rate": 48_000}
    )
    assert answer.headers["x-sample-rate"] == "48000"
    assert answer.headers["x-ignored"] == "top_k"
    with pytest.raises(openai.BadRequestError, match="tempo"):
        client.audio.speech.create(model="tts-1", voice="anna", input="Hello.", extra_body={"tempo": 2})


def test_a_voice_may_be_an_object_and_an_alias(voices_dir):
    with (
        served(ScriptedEngine(), voices_dir, voice_aliases={"alloy": "anna"}) as site,
        openai.OpenAI(base_url=f"{site.url}/v1", api_key="none") as client,
    ):
        for voice in ("alloy", {"id": "anna"}):
            answer = client.audio.speech.with_raw_response.create(model="tts-1", voice=voice, input="Hello.")
            assert answer.headers["x-voice-id"] == "anna"
        listed = httpx.get(f"{site.url}/v1/audio/voices").json()["voices"]
    assert {"id": "alloy", "name": "alloy"} in listed


def test_models_and_voices_are_listed(client, site):
    models = [model.id for model in client.models.list()]
    assert models == ["scripted", "tts-1", "tts-1-hd", "gpt-4o-mini-tts"]
    assert client.models.retrieve("scripted").owned_by == "chatterpod"
    assert client.audio.speech.create(model="scripted", voice="anna", input="Hello.").content
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-9")
    listed = httpx.get(f"{site.url}/v1/audio/voices").json()["voices"]
    assert listed == [{"id": "default", "name": "Default"}, {"id": "anna", "name": "Anna"}]


def test_the_clients_key_is_the_servers(voices_dir):
    with served(ScriptedEngine(), voices_dir, api_key="s3cret") as site:
        with (
            openai.OpenAI(base_url=f"{site.url}/v1", api_key="wrong", max_retries=0) as client,
            pytest.raises(openai.AuthenticationError) as caught,
        ):
            client.audio.speech.create(model="tts-1", voice="anna", input="Hello.")
        assert caught.value.code == "invalid_api_key"
        with openai.OpenAI(base_url=f"{site.url}/v1", api_key="s3cret") as client:
            assert client.audio.speech.create(model="tts-1", voice="anna", input="Hello.").content
