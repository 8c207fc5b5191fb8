"""Requests: what is wrong is named, nothing else gets through."""

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voices.errors import InvalidRequest, InvalidVoiceId
from worker.engine.base import SpeechOptions
from worker.errors import TextTooLong
from worker.request import HealthRequest, ListVoicesRequest, PrepareVoiceRequest, SpeechRequest, parse_request
from worker.text.chunks import split_text

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


def test_a_field_that_is_null_is_left_out():
    fields = {*SpeechRequest.model_fields, "voice", "response_format"} - {"text"}
    request = _parse({"text": "Hello", **dict.fromkeys(fields), "of_no_such_name": None})
    assert request == _parse({"text": "Hello"})
    assert request.model_fields_set == {"text"}
    assert isinstance(_parse({"action": None, "text": "Hello"}), SpeechRequest)
    assert _parse({"text": "Hello", "voice_id": None, "voice": "anna"}).voice_id == "anna"
    assert _parse({"action": "list_voices", "after": None, "limit": None}).limit == 1000


def test_a_seed_of_minus_one_is_random():
    assert _parse({"text": "Hello", "seed": -1}).seed is None
    assert _parse({"text": "Hello", "seed": 0}).seed == 0


@pytest.mark.parametrize(
    ("written", "tag"),
    [("en_US", "en-US"), ("EN", "en"), ("english", "en"), ("pt-BR", "pt-BR"), ("auto", None), ("", None)],
)
def test_a_language_may_be_written_as_people_do(written, tag):
    assert _parse({"text": "Hello", "language": written}).language == tag


def test_an_alias_is_the_voice_that_it_stands_for():
    def parse(job_input):
        aliases = {"alloy": "anna", "Narrator 1": "bella"}
        return parse_request(job_input, max_text_characters=100, voice_aliases=aliases)

    for field in ("voice_id", "voice"):
        assert parse({"text": "Hello", field: "alloy"}).voice_id == "anna"
        assert parse({"text": "Hello", field: "Narrator 1"}).voice_id == "bella"
        assert parse({"text": "Hello", field: "carla"}).voice_id == "carla"
    assert parse({"action": "prepare_voice", "voice_id": "alloy"}).voice_id == "anna"


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
        ({"text": "[laugh] [clear throat]"}, "text", "nothing to speak"),
        ({"text": "🙂👍🏽👨‍👩‍👧"}, "text", "nothing to speak"),
        ({"text": "<br/> <hr>"}, "text", "nothing to speak in it but markup"),
        ({"text": "\ud800"}, "text", "nothing to speak"),
        ({"text": "\x00\x07"}, "text", "nothing to speak"),
        ({"text": "\x1b[31m\x1b[0m"}, "text", "nothing to speak"),
        ({"normalize": "no"}, "normalize", "valid boolean"),
        ({"text": 5}, "text", "valid string"),
        ({"text": None}, "text", "text is required"),
        ({"sped": 1.0}, "sped", "There is no field 'sped': the fields are action, text"),
        ({"speed": 5}, "speed", "less than or equal to 4 (not 5)"),
        ({"speed": 0.2}, "speed", "greater than or equal to 0.25"),
        ({"speed": "fast"}, "speed", "valid number"),
        ({"speed": float("nan")}, "speed", "finite"),
        ({"speed": True}, "speed", "valid number"),
        ({"format": "midi"}, "format", "use one of pcm, wav, mp3, opus, aac, flac, ulaw, alaw"),
        ({"response_format": "midi"}, "format", "use one of pcm, wav, mp3"),
        ({"format": "MP3"}, "format", "use one of"),
        ({"format": "mp3_"}, "format", "use one of"),
        ({"format": "mp3_44100_128_2"}, "format", "use one of"),
        ({"format": "pcm_１６０００"}, "format", "use one of"),
        ({"format": "pcm_4000"}, "format", "pcm cannot have 4000 Hz: use 8000 to 48000 Hz"),
        ({"format": "opus_44100"}, "format", "opus cannot have 44100 Hz: use one of 8000, 12000"),
        ({"format": "ulaw_8001"}, "format", "ulaw cannot have 8001 Hz: use 8000 to 48000 in steps of 50 Hz"),
        ({"format": "pcm_16000_64"}, "format", "pcm has no bit rate"),
        ({"format": "mp3_44100_129"}, "format", "mp3 at 44100 Hz cannot have 129 kbit/s: use one of 32"),
        ({"format": "aac_8000_64"}, "format", "aac at 8000 Hz cannot have 64 kbit/s: use 8 to 48"),
        ({"format": "opus_48000_300"}, "format", "use 6 to 256"),
        ({"format": "mp3_44100_128", "sample_rate": 24_000}, "sample_rate", "contradicts the format"),
        ({"format": "opus", "sample_rate": 44_100}, "sample_rate", "opus cannot have 44100 Hz"),
        ({"sample_rate": 96_000}, "sample_rate", "less than or equal to 48000"),
        ({"sample_rate": 7_999}, "sample_rate", "8000"),
        ({"sample_rate": 23_456}, "sample_rate", "mp3 cannot have 23456 Hz: use one of 8000"),
        ({"temperature": -0.1}, "temperature", "greater than or equal to 0"),
        ({"top_p": 0}, "top_p", "greater than 0"),
        ({"top_p": float("inf")}, "top_p", "finite"),
        ({"top_k": -1}, "top_k", "greater than or equal to 0"),
        ({"top_k": 6_564}, "top_k", "less than or equal to 6563"),
        ({"seed": -2}, "seed", "greater than or equal to -1"),
        ({"seed": 1.5}, "seed", "valid integer"),
        ({"stream": "yes"}, "stream", "valid boolean"),
        ({"deadline_ms": 0}, "deadline_ms", "greater than or equal to 1"),
        ({"language": "../en"}, "language", "a code such as en or pt-BR"),
        ({"language": "klingon"}, "language", "a name such as English"),
        ({"language": 7}, "language", "valid string"),
        ({"action": "sing"}, "action", "use one of speak"),
        ({"action": ["speak"]}, "action", "use one of speak"),
    ],
)
def test_what_is_wrong_is_named(change, field, told):
    with pytest.raises(InvalidRequest) as caught:
        _parse({"text": "Hello", **change}).check_words()
    assert caught.value.field == field
    assert told in caught.value.message
    assert caught.value.code == "invalid_request"


def test_a_missing_text_is_named():
    with pytest.raises(InvalidRequest, match="text is required"):
        _parse({})


def test_fields_without_number_are_refused_at_once():
    many = {"text": "Hello.", **{f"field_{number}": 1 for number in range(300_000)}}
    began = time.process_time()
    with pytest.raises(InvalidRequest, match="There is no field 'field_0'"):
        parse_request(many, max_text_characters=100)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("job_input", [None, "Hello", ["Hello"], 3])
def test_an_input_that_is_no_object_is_refused(job_input):
    with pytest.raises(InvalidRequest, match="JSON object"):
        _parse(job_input)


@pytest.mark.parametrize("voice_id", ["../../etc/passwd", "Anna", "", "a" * 65, "a\n"])
def test_a_voice_id_that_is_none_is_refused(voice_id):
    for field in ("voice_id", "voice"):
        with pytest.raises(InvalidVoiceId):
            _parse({"text": "Hello", field: voice_id})


def test_ten_megabytes_of_text_are_refused_at_once():
    with pytest.raises(TextTooLong, match="10,485,760 characters are more than the 100"):
        _parse({"text": "a" * 10 * 2**20})


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("\ud800 hello \udc00", "hello"),
        ("hi\x00there\x07", "hi there"),
        ("\x1b[1mhi\x1b[0m there", "hi there"),
        ("a \x1b[31mred\x1b[m \x1b[1;38;5;12mcar\x1b[K", "a red car"),
        ("\x1bHello", "Hello"),
        ("it\x92s \x93so\x94", "it’s “so”"),
        ("caf\u0065\ud840\udc00", "cafe\U00020000"),
        ("back\x08space\x7f", "back space"),
        ("\x1b]8;;https://a.example\x07a link\x1b]8;;\x07", "a link"),
        ("\x0ein\x0f", "in"),
    ],
)
@pytest.mark.parametrize("normalize", [True, False])
def test_control_characters_are_mended_and_spans_keep_their_places(text, spoken, normalize):
    request = _parse({"text": text, "normalize": normalize})
    request.text.encode()
    [chunk] = split_text(request.text, normalize=normalize)
    assert chunk.text.rstrip(".") == spoken
    if "\ud840" not in text:
        assert len(request.text) == len(text)


@pytest.mark.parametrize("blank", ["\t", "\n", "\r\n", "\f", "\x85", "\u2028"])
def test_blanks_of_every_kind_are_text(blank):
    assert _parse({"text": f"one{blank}two"}).text == f"one{blank}two"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("mp3", 24_000, 64)),
        ({"format": "mp3_44100_128"}, ("mp3", 44_100, 128)),
        ({"format": "mp3_22050"}, ("mp3", 22_050, 64)),
        ({"format": "mp3", "sample_rate": 48_000}, ("mp3", 48_000, 64)),
        ({"format": "mp3_44100_128", "sample_rate": 44_100}, ("mp3", 44_100, 128)),
        ({"format": "pcm_16000"}, ("pcm", 16_000, None)),
        ({"format": "wav"}, ("wav", 24_000, None)),
        ({"format": "flac_48000"}, ("flac", 48_000, None)),
        ({"format": "opus_48000_96"}, ("opus", 48_000, 96)),
        ({"format": "opus"}, ("opus", 24_000, 32)),
        ({"format": "aac", "sample_rate": 8_000}, ("aac", 8_000, 48)),
        ({"format": "ulaw"}, ("ulaw", 8_000, None)),
        ({"format": "ulaw_8000"}, ("ulaw", 8_000, None)),
        ({"format": "alaw", "sample_rate": 16_000}, ("alaw", 16_000, None)),
    ],
)
def test_both_ways_of_naming_a_format_are_understood(fields, expected):
    output = _parse({"text": "Hello", **fields}).output(engine_rate=24_000)
    assert (output.name, output.sample_rate, output.kbit_rate) == expected


def test_an_engines_rate_that_a_format_lacks_becomes_the_next_above():
    assert _parse({"text": "Hello", "format": "opus"}).output(engine_rate=22_050).sample_rate == 24_000


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
