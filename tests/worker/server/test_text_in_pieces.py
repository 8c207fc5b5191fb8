"""Text in pieces over the socket: all of it is spoken or reported as an error."""

import json
import re

import pytest
from hypothesis import given, settings
from pieces import cut, without_thoughts, words
from scripted_engine import ScriptedEngine
from served import served
from websockets.sync.client import connect

from worker.engine.preview.engine import PreviewEngine


@pytest.fixture(scope="module")
def engine():
    return ScriptedEngine()


@pytest.fixture(scope="module")
def socket(engine, tmp_path_factory):
    with (
        served(engine, tmp_path_factory.mktemp("voices")) as site,
        connect(f"{site.ws_url}/tts/stream", proxy=None) as socket,
    ):
        yield socket


def _say(socket, **message):
    socket.send(json.dumps(message))


def _answers(socket, pieces, *, flushes=False, **fields):
    """The messages that answer a text in pieces, each a part of its own if flushed; the audio is left out."""
    _say(socket, type="open", format="pcm", events=True, **fields)
    for piece in pieces:
        _say(socket, type="text", text=piece)
        if flushes:
            _say(socket, type="flush")
    _say(socket, type="close")
    told = []
    while not told or told[-1]["type"] not in {"end", "error"}:
        message = socket.recv(timeout=30)
        if isinstance(message, str):
            told.append(json.loads(message))
    return told


def _spoken(engine, socket, text):
    """What the engine is given for a whole request."""
    engine.asked.clear()
    _say(socket, text=text, format="pcm")
    while isinstance(message := socket.recv(timeout=30), bytes) or json.loads(message)["type"] == "start":
        pass
    assert json.loads(message)["type"] == "end"
    return words(" ".join(asked for asked, _ in engine.asked))


def _places(told):
    """The characters that are spoken or told to be skipped."""
    spans = [span for event in told if event["type"] == "audio" for span in event.get("text", [])]
    spans += [event for event in told if event["type"] == "skipped"]
    return {place for span in spans for place in range(span["start"], span["end"])}


@settings(max_examples=40)
@given(cut())
def test_wherever_it_is_cut_every_word_of_it_is_spoken_and_has_its_place(engine, socket, text_and_pieces):
    text, pieces = text_and_pieces
    kept = without_thoughts(text)
    whole = _spoken(engine, socket, kept)
    engine.asked.clear()
    told = _answers(socket, pieces)
    assert told[0]["type"] == "start"
    assert told[-1]["type"] == "end"
    assert words(" ".join(asked for asked, _ in engine.asked)) == whole
    # What is written for a terminal is no word, and has no place.
    read = re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", lambda match: " " * len(match[0]), kept)
    assert {place for place, character in enumerate(read) if character.isalnum()} - _places(told) == set()
    offsets = [span["offset_s"] for event in told for span in event.get("text", [])]
    assert offsets == sorted(offsets)
    assert all(0 <= offset <= told[-1]["audio_seconds"] for offset in offsets)


@pytest.mark.parametrize(
    ("pieces", "spoken"),
    [
        (["Ring\u0007 the bell. Then", " go."], "Ring the bell. Then go."),
        (["A \0nul. ", "Go."], "A nul. Go."),
        (["A \x1b", "[3", "1mred\x1b[", "0m", " car. ", "Go."], "A red car. Go."),
        (["It\x92", "s so. ", "Go."], "It’s so. Go."),
        (["Smile \ud83d", "\ude00 now. Go."], "Smile now. Go."),
        (["\ud83d", "", "\ude00 Go."], "Go."),
        (["Half \ud83d", "a pair. ", "\ude00Go."], "Half a pair. Go."),
        (["<th", "ink>Hm. Well. ", "So.</thi", "nk>Go. ", "Now."], "Go. Now."),
        (["Go. <think>No. No.", "</think> Now."], "Go. Now."),
    ],
)
@pytest.mark.parametrize("flushes", [False, True])
def test_what_models_emit_is_mended(engine, socket, pieces, spoken, flushes):
    engine.asked.clear()
    told = _answers(socket, pieces, flushes=flushes)
    assert {event["type"] for event in told} <= {"start", "audio", "skipped", "end"}
    said = words(" ".join(asked for asked, _ in engine.asked))
    assert "".join(said) == "".join(words(spoken))
    assert flushes or said == words(spoken)


def test_a_thought_without_an_end_is_told_and_a_tag_that_is_spoken_of_is_spoken(engine, socket):
    [told] = _answers(socket, ["\n<think>I nev", "er end. Hello."])
    assert "nothing to speak" in told["error"]["message"]
    engine.asked.clear()
    assert _answers(socket, ["Write <thi", "nk> first. ", "Then go."])[-1]["type"] == "end"
    assert words(" ".join(asked for asked, _ in engine.asked)) == ["Write", "first", "Then", "go"]


def test_a_part_without_a_word_is_told_and_the_rest_is_spoken(engine, socket):
    engine.asked.clear()
    told = _answers(socket, ["😀 \n\n", "Hello. ", "<b></b>\n\n", "Bye. "], flushes=True)
    assert [event["type"] for event in told if event["type"] != "audio"] == ["start", *["skipped"] * 2, "end"]
    assert [event for event in told if event["type"] == "skipped"] == [
        {"type": "skipped", "start": 0, "end": 4, "reason": "nothing_to_speak"},
        {"type": "skipped", "start": 11, "end": 20, "reason": "nothing_to_speak"},
    ]
    assert [asked for asked, _ in engine.asked] == ["Hello.", "Bye."]


@pytest.mark.parametrize(
    "pieces", [["😀"], ["<think>Hello.</think>"], ["<think>Hello."], ["\x1b[31m", "\x1b[0m"], ["\ud800"]]
)
def test_a_text_without_a_word_is_an_error(socket, pieces):
    [told] = _answers(socket, pieces)
    assert told["error"]["code"] == "invalid_request"
    assert told["error"]["field"] == "text"
    assert "nothing to speak" in told["error"]["message"]


@pytest.mark.parametrize(("field", "value"), [("speed", 9), ("voice_id", "nobody"), ("seed", "x")])
def test_any_other_refusal_ends_the_request_and_is_told(socket, field, value):
    told = _answers(socket, ["Hello. ", "Bye."], **{field: value})
    assert [event["type"] for event in told] == ["error"]
    assert told[0]["error"]["field"] == field


@pytest.mark.parametrize("name", ["pcm", "mp3", "opus", "ulaw", "flac"])
def test_every_word_has_a_moment_of_the_audio_in_every_format(tmp_path, name):
    text = "Ring\u0007 the bell. It\u0092s \x1b[1mbold\x1b[0m. Smile \U0001f600 now. The end"
    with (
        served(PreviewEngine(), tmp_path) as site,
        connect(f"{site.ws_url}/tts/stream", proxy=None) as socket,
    ):
        _say(socket, type="open", format=name, events=True)
        for unit in range(0, 2 * len(text) + 2, 2):
            piece = text.encode("utf-16-le")[unit : unit + 2].decode("utf-16-le", "surrogatepass")
            _say(socket, type="text", text=piece)
        _say(socket, type="close")
        told = []
        while not told or told[-1]["type"] != "end":
            if isinstance(message := socket.recv(timeout=30), str):
                told.append(json.loads(message))
    assert [
        text[place] for place in range(len(text)) if text[place].isalpha() and place not in _places(told)
    ] == []
    sizes = [event["seconds"] for event in told if event["type"] == "audio"]
    assert sum(sizes) == pytest.approx(told[-1]["audio_seconds"], abs=0.001)
