"""The official ``openai`` client with this server, by each of its methods for speech."""

import base64
import json
import time
from typing import get_args

import httpx
import openai
import pytest
from openai.types.audio import speech_create_params
from scripted_engine import ScriptedEngine
from served import served

from voices.clips.decoding import decode_clip
from voices.publication import Publisher
from voices.registry import VoiceRegistry
from worker.server.routes.openai_request import VOICES

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


@pytest.mark.parametrize("speed", [0.25, 0.5, 2.0, 4.0])
def test_speed_changes_the_length(client, speed):
    answer = client.audio.speech.create(
        model="tts-1", voice="anna", input=TEXT, response_format="wav", speed=speed
    )
    assert _seconds(answer.content, "wav") == pytest.approx(SECONDS / speed, abs=0.1)


@pytest.mark.parametrize("speed", [0.2, 4.1])
def test_a_speed_beyond_openais_is_refused(client, speed):
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.speech.create(model="tts-1", voice="anna", input=TEXT, speed=speed)
    assert caught.value.param == "speed"


def _spoken(site, **body):
    return httpx.post(f"{site.url}/v1/audio/speech", json={"input": "Hello.", **body}, timeout=30)


@pytest.mark.parametrize("voice", [*VOICES, "Alloy", {"id": "alloy"}])
def test_the_names_of_openais_voices_speak_in_the_default_voice_and_say_so(client, voice):
    answer = client.audio.speech.with_raw_response.create(model="tts-1", voice=voice, input="Hello.")
    assert answer.headers["x-voice-id"] == "default"
    assert answer.headers["x-voice-substituted"] == (voice if isinstance(voice, str) else "alloy")


def test_all_names_that_the_client_knows_are_known():
    kinds = get_args(speech_create_params.Voice)
    assert {name for kind in kinds for name in get_args(kind)} == set(VOICES)


def test_a_voice_of_such_a_name_speaks_itself(tmp_path, prepared):
    Publisher(VoiceRegistry.at(tmp_path)).add("alloy", prepared)
    with served(ScriptedEngine(), tmp_path) as site:
        answer = _spoken(site, voice="alloy")
    assert answer.headers["x-voice-id"] == "alloy"
    assert "x-voice-substituted" not in answer.headers


LEFT_OUT = [
    {},
    {"model": "", "voice": ""},
    {"voice": {"id": None}},
    dict.fromkeys(("model", "voice", "instructions", "response_format", "speed", "stream", "stream_format")),
    dict.fromkeys(("seed", "language", "sample_rate", "temperature", "deadline_ms")),
]


@pytest.mark.parametrize("body", LEFT_OUT)
def test_all_but_the_input_may_be_missing_empty_or_null(site, body):
    answer = _spoken(site, **body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-voice-id"] == "default"
    assert answer.headers["content-type"] == "audio/mpeg"
    assert "x-ignored" not in answer.headers


@pytest.mark.parametrize("model", ["tts-1-1106", "tts-1-hd-1106", "gpt-4o-mini-tts-2025-12-15"])
def test_a_dated_model_of_openais_is_known(site, model):
    assert _spoken(site, model=model).status_code == 200
    assert httpx.get(f"{site.url}/v1/models/{model}").json()["id"] == model


def test_stream_may_be_said(site):
    assert "content-length" not in _spoken(site, stream=True).headers
    whole = _spoken(site, stream=False, response_format="wav")
    assert int(whole.headers["content-length"]) == len(whole.content)
    events = _spoken(site, stream=False, stream_format="sse")
    assert int(events.headers["content-length"]) == len(events.content)
    assert _spoken(site, stream="yes").json()["error"]["param"] == "stream"


def test_instructions_are_taken_and_told_to_be_ignored(site):
    answer = _spoken(site, instructions="Speak gladly.", top_k=3)
    assert answer.headers["x-ignored"] == "instructions, top_k"


@pytest.mark.parametrize(
    ("body", "param", "told"),
    [
        ({"input": "..."}, "input", "input: there is nothing to speak"),
        ({"input": "<br/>"}, "input", "input: there is nothing to speak"),
        ({"input": None}, "input", "input is required"),
        ({"input": "word " * 1001}, "input", "input: 5,005 characters"),
        ({"voice": "nobody"}, "voice", "GET /v1/audio/voices lists"),
        ({"voice": 7}, "voice", "voice: use a voice id"),
        ({"voice": {"name": "anna"}}, "voice", "voice: use a voice id"),
        ({"voice": "A b"}, "voice", "not a valid voice id"),
        ({"response_format": "midi"}, "response_format", "response_format: use one of"),
        ({"response_format": "opus_44100"}, "response_format", "response_format: opus cannot have"),
        ({"speed": 9}, "speed", "speed: "),
        ({"language": "klingon"}, "language", "language: "),
        ({"tempo": 2}, "tempo", "OpenAI's are input, model, voice"),
    ],
)
def test_errors_name_openais_fields(site, body, param, told):
    error = _spoken(site, **body).json()["error"]
    assert error["param"] == param
    assert told in error["message"]
    for ours in ("voice_id", "text:", "`voices", "--"):
        assert ours not in error["message"]


def test_whatever_is_asked_under_v1_is_refused_as_openai_does(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="gpt-4o", messages=[])
    assert caught.value.code == "not_found"
    assert caught.value.type == "invalid_request_error"


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
