"""Requests: what is wrong is named, nothing else gets through."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voices.errors import InvalidRequest, InvalidVoiceId
from worker.engine.base import SpeechOptions
from worker.errors import TextTooLong
from worker.request import HealthRequest, ListVoicesRequest, PrepareVoiceRequest, SpeechRequest, parse_request

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
FIELDS = sorted({*SpeechRequest.model_fields, "voice", "response_format", "what"})


def _parse(job_input):
    return parse_request(job_input, max_text_characters=100)


def test_text_is_all_that_is_needed():
    request = _parse({"text": "Hello"})
    assert (request.voice_id, request.format, request.speed, request.stream) == ("default", "mp3", 1.0, True)
    assert request.options == SpeechOptions()


def test_aliases_are_understood():
    request = _parse({"text": "Hello", "voice": "anna", "response_format": "wav"})
    assert (request.voice_id, request.format) == ("anna", "wav")


def test_every_option_reaches_the_engine():
    sent = {
        "seed": 7,
        "temperature": 0,
        "top_p": 0.5,
        "top_k": 40,
        "repetition_penalty": 1.1,
        "exaggeration": 0.4,
        "cfg_weight": 0.3,
        "language": "pt-BR",
    }
    assert _parse({"text": "Hello", **sent}).options == SpeechOptions(**sent)


@pytest.mark.parametrize(
    ("job_input", "model"),
    [
        ({"action": "health"}, HealthRequest),
        ({"action": "list_voices"}, ListVoicesRequest),
        ({"action": "prepare_voice", "voice_id": "anna"}, PrepareVoiceRequest),
        ({"action": "speak", "text": "Hello"}, SpeechRequest),
    ],
)
def test_actions(job_input, model):
    assert isinstance(_parse(job_input), model)


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"text": ""}, "text", "nothing to speak"),
        ({"text": " \n"}, "text", "nothing to speak"),
        ({"text": "…?! 🙂"}, "text", "nothing to speak"),
        ({"text": "\ud800 hello"}, "text", "surrogate"),
        ({"text": 5}, "text", "valid string"),
        ({"text": None}, "text", "valid string"),
        ({"sped": 1.0}, "sped", "There is no field 'sped': the fields are action, text"),
        ({"speed": 3}, "speed", "less than or equal to 2 (not 3)"),
        ({"speed": 0.4}, "speed", "greater than or equal to 0.5"),
        ({"speed": "fast"}, "speed", "valid number"),
        ({"speed": float("nan")}, "speed", "finite"),
        ({"speed": True}, "speed", "valid number"),
        ({"format": "midi"}, "format", "use one of pcm, wav, mp3"),
        ({"response_format": "midi"}, "format", "use one of pcm, wav, mp3"),
        ({"sample_rate": 7_999}, "sample_rate", "8000"),
        ({"sample_rate": 23_456}, "sample_rate", "mp3 cannot have 23456 Hz: use one of 8000"),
        ({"temperature": -0.1}, "temperature", "greater than or equal to 0"),
        ({"top_p": 0}, "top_p", "greater than 0"),
        ({"top_p": float("inf")}, "top_p", "finite"),
        ({"top_k": -1}, "top_k", "greater than or equal to 0"),
        ({"top_k": 6_564}, "top_k", "less than or equal to 6563"),
        ({"seed": -1}, "seed", "greater than or equal to 0"),
        ({"seed": 1.5}, "seed", "valid integer"),
        ({"stream": "yes"}, "stream", "valid boolean"),
        ({"deadline_ms": 0}, "deadline_ms", "greater than or equal to 1"),
        ({"language": "../en"}, "language", "match pattern"),
        ({"action": "sing"}, "action", "use one of speak"),
        ({"action": ["speak"]}, "action", "use one of speak"),
    ],
)
def test_what_is_wrong_is_named(change, field, told):
    with pytest.raises(InvalidRequest) as caught:
        _parse({"text": "Hello", **change})
    assert caught.value.field == field
    assert told in caught.value.message
    assert caught.value.code == "invalid_request"


def test_a_missing_text_is_named():
    with pytest.raises(InvalidRequest, match="text is required"):
        _parse({})


@pytest.mark.parametrize("job_input", [None, "Hello", ["Hello"], 3])
def test_an_input_that_is_no_object_is_refused(job_input):
    with pytest.raises(InvalidRequest, match="JSON object"):
        _parse(job_input)


@pytest.mark.parametrize("voice_id", ["../../etc/passwd", "Anna", "", "a" * 65, "a\n"])
def test_a_voice_id_that_is_none_is_refused(voice_id):
    for field in ("voice_id", "voice"):
        with pytest.raises(InvalidVoiceId):
            _parse({"text": "Hello", field: voice_id})


def test_too_long_a_text_has_its_own_code():
    with pytest.raises(TextTooLong) as caught:
        _parse({"text": "a" * 101})
    assert caught.value.code == "text_too_long"


def test_the_text_is_never_repeated_in_an_error():
    with pytest.raises(InvalidRequest) as caught:
        _parse({"text": "my secret is 1234", "speed": 9})
    assert "secret" not in json.dumps(caught.value.as_dict())


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6) | JSON)
def test_whatever_is_sent_the_answer_is_a_request_or_a_typed_error(job_input):
    with suppress(InvalidRequest):
        _parse(job_input)
