"""The path of one request, with a scripted engine in the real seam."""

import hashlib
import io
import time

import numpy as np
import pytest
import soundfile
from scripted_engine import Mark, ScriptedEngine

from voices.errors import UnknownVoice
from voices.library import VoiceLibrary
from voices.publication import Publisher
from worker.audio.formats import FORMATS
from worker.errors import Cancelled, DeadlineExceeded, TextTooLong
from worker.events import AudioEvent, EndEvent, StartEvent
from worker.request import Arrival, SpeechRequest
from worker.settings import Settings
from worker.speech.synthesizer import Synthesizer
from worker.text.chunks import split_text
from worker.text.pauses import PAUSE_SECONDS

TEXT = "The first sentence is short. " + "Another one follows it, and it has some more words. " * 10


@pytest.fixture
def engine():
    return ScriptedEngine()


@pytest.fixture
def synthesizer(engine, registry):
    return Synthesizer(engine, VoiceLibrary([registry]), Settings())


def _speak(synthesizer, cancelled=lambda: False, **fields):
    request = SpeechRequest(**{"text": TEXT, "format": "wav", **fields})
    return list(synthesizer.speak(request, Arrival("r1"), cancelled))


def _joined(events):
    return b"".join(event.audio for event in events if isinstance(event, AudioEvent))


def _seconds(text=TEXT):
    """Return how long the scripted engine's speech is: 10 ms a letter, and the pauses between text chunks."""
    chunks = list(split_text(text))
    pauses = sum(PAUSE_SECONDS[chunk.pause] for chunk in chunks[:-1])
    return sum(len(chunk.text) for chunk in chunks) * 0.01 + pauses


@pytest.mark.parametrize("name", FORMATS)
def test_the_events_are_start_then_numbered_audio_then_an_end_that_proves_it(synthesizer, name):
    start, *audio, end = _speak(synthesizer, format=name)
    assert isinstance(start, StartEvent)
    assert isinstance(end, EndEvent)
    assert [event.index for event in audio] == list(range(end.chunks))
    assert hashlib.sha256(_joined(audio)).hexdigest() == end.sha256
    offsets = np.cumsum([0, *(event.seconds for event in audio)])
    assert [event.offset_s for event in audio] == pytest.approx(offsets[:-1], abs=1e-4)
    assert end.audio_seconds == pytest.approx(offsets[-1], abs=1e-4)


def test_the_joined_audio_is_the_speech_of_every_text_chunk(synthesizer, engine):
    events = _speak(synthesizer)
    samples, rate = soundfile.read(io.BytesIO(_joined(events)))
    assert rate == 24_000
    assert len(samples) == round(_seconds() * 24_000)
    assert " ".join(text for text, _ in engine.asked) == TEXT.strip()


@pytest.mark.parametrize("name", [*FORMATS, "mp3_44100_128", "opus_48000_64", "pcm_16000"])
def test_one_event_carries_the_whole_file_unless_streamed(synthesizer, name):
    streamed = _speak(synthesizer, format=name, seed=1)
    _, audio, end = _speak(synthesizer, format=name, seed=1, stream=False)
    assert end.chunks == 1
    assert audio.audio == _joined(streamed)
    assert end.sha256 == streamed[-1].sha256


@pytest.mark.parametrize("name", ["ulaw", "alaw", "ulaw_16000"])
@pytest.mark.parametrize("speed", [1.0, 1.3])
def test_every_event_on_the_telephone_is_whole_frames_of_20_ms(synthesizer, name, speed):
    start, *audio, end = _speak(synthesizer, format=name, speed=speed)
    frame = start.sample_rate // 50
    assert start.sample_rate == (16_000 if "16000" in name else 8_000)
    assert len(audio) > 3
    assert all(len(event.audio) % frame == 0 for event in audio)
    for event in audio[:-2]:  # the last speech may be part of a frame, which silence then completes
        assert len(event.audio) == pytest.approx(event.seconds * start.sample_rate, abs=0.01)
    assert len(_joined(audio)) / start.sample_rate == pytest.approx(end.audio_seconds, abs=0.02)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_audio_in_its_first_event(synthesizer, name):
    _, first, *_ = _speak(synthesizer, format=name)
    assert first.offset_s == 0
    assert first.seconds <= 0.15


def test_the_start_event_names_the_format_without_its_numbers(synthesizer):
    start, *_ = _speak(synthesizer, format="mp3_44100_128")
    assert (start.format, start.mime, start.sample_rate) == ("mp3", "audio/mpeg", 44_100)


def test_numbers_are_spoken_in_words_unless_the_request_or_its_language_says_otherwise(synthesizer, engine):
    for fields in ({}, {"normalize": False}, {"language": "de"}):
        _speak(synthesizer, text="Zimmer 12 **bitte**", **fields)
    assert [text for text, _ in engine.asked] == [
        "Zimmer twelve bitte.",
        "Zimmer 12 **bitte**",
        "Zimmer 12 bitte.",
    ]


@pytest.mark.parametrize(("speed", "sample_rate"), [(1.0, 8_000), (2.0, None), (0.5, 16_000)])
def test_speed_and_sample_rate(synthesizer, engine, speed, sample_rate):
    events = _speak(synthesizer, speed=speed, sample_rate=sample_rate)
    samples, rate = soundfile.read(io.BytesIO(_joined(events)))
    assert rate == events[0].sample_rate == (sample_rate or 24_000)
    assert len(samples) / rate == pytest.approx(_seconds() / speed, abs=0.001)
    assert events[-1].audio_seconds == pytest.approx(_seconds() / speed, abs=0.001)


@pytest.mark.parametrize(
    "fields", [{}, {"stream": False}, {"speed": 2.0}, {"speed": 0.5, "sample_rate": 8_000}]
)
def test_events_tell_which_text_begins_in_them_and_when(synthesizer, fields):
    _, *audio, _ = _speak(synthesizer, **fields)
    expected, seconds = [], 0.0
    for chunk in split_text(TEXT):
        expected.append((pytest.approx(seconds / fields.get("speed", 1.0), abs=1e-4), chunk.start, chunk.end))
        seconds += len(chunk.text) * 0.01 + PAUSE_SECONDS[chunk.pause]
    assert [(text.offset_s, text.start, text.end) for event in audio for text in event.text] == expected
    for event in audio:
        assert all(event.offset_s <= text.offset_s < event.offset_s + event.seconds for text in event.text)
        assert ("text" in event.as_json()) is bool(event.text)


def test_silence_around_text_chunks_becomes_the_pauses_between_them(registry):
    engine = ScriptedEngine(silence_s=(0.3, 0.5))
    samples, _ = soundfile.read(io.BytesIO(_joined(_speak(_over(engine, registry)))))
    # Each text chunk keeps 30 ms before its speech and 40 ms behind it; the last one 200 ms.
    kept = 0.07 * len(engine.asked) + 0.16
    assert len(samples) == pytest.approx((_seconds() + kept) * 24_000, abs=240 * len(engine.asked))


def _over(engine, registry):
    return Synthesizer(engine, VoiceLibrary([registry]), Settings())


def test_options_reach_the_engine_or_are_reported_as_ignored(synthesizer, engine):
    start, *_ = _speak(synthesizer, seed=2**32 - 1, language="de", temperature=0.5, watermark=True)
    assert start.ignored == ["temperature", "watermark"]
    assert [options.seed for _, options in engine.asked[:3]] == [2**32 - 1, 0, 1]
    assert engine.asked[0][1].language == "de"


class TestWatermark:
    """Whether it is in the speech is heard in the speech: the scripted one shifts its mean."""

    @pytest.mark.parametrize(
        ("engine_marks", "allowed", "asked", "marked", "ignored"),
        [
            (True, False, None, True, []),
            (True, False, True, True, []),
            (True, False, False, True, ["watermark"]),
            (True, True, None, True, []),
            (True, True, True, True, []),
            (True, True, False, False, []),
            (False, False, True, False, ["watermark"]),
            (False, True, True, False, ["watermark"]),
            (False, True, False, False, []),
        ],
    )
    def test_only_a_deployment_that_allows_it_lets_a_request_leave_it_out(
        self, registry, engine_marks, allowed, asked, marked, ignored
    ):
        settings = Settings(allow_unwatermarked=allowed)
        engine = ScriptedEngine(watermarks=engine_marks)
        synthesizer = Synthesizer(engine, VoiceLibrary([registry]), settings)
        events = _speak(synthesizer, watermark=asked)
        samples, _ = soundfile.read(io.BytesIO(_joined(events)))
        assert samples.mean() == pytest.approx(Mark.LIFT if marked else 0.0, abs=0.01)
        assert events[0].ignored == ignored

    def test_requests_at_once_each_have_what_they_asked_for(self, registry):
        synthesizer = Synthesizer(
            ScriptedEngine(watermarks=True), VoiceLibrary([registry]), Settings(allow_unwatermarked=True)
        )
        runs = [
            synthesizer.speak(
                SpeechRequest(text=TEXT, format="wav", watermark=asked), Arrival("r1"), lambda: False
            )
            for asked in (False, None)
        ]
        plain, marked = zip(*zip(*runs, strict=True), strict=True)  # an event of each in turn
        means = [soundfile.read(io.BytesIO(_joined(each)))[0].mean() for each in (plain, marked)]
        assert means == pytest.approx([0.0, Mark.LIFT], abs=0.01)


def test_the_voices_own_language_is_used_unless_one_is_named(synthesizer, engine, registry, prepared):
    Publisher(registry).add("anna", prepared, language="fr")
    start, *_ = _speak(synthesizer, voice_id="anna", text="Bonjour.")
    _speak(synthesizer, voice_id="anna", text="Hello.", language="en")
    assert start.voice_id == "anna"
    assert [options.language for _, options in engine.asked] == ["fr", "en"]


def test_the_voice_that_was_asked_for_speaks(synthesizer, registry, prepared):
    Publisher(registry).add("anna", prepared)
    for voice_id, level in (("anna", 0.5), ("default", 0.25), ("anna", 0.5)):
        samples, _ = soundfile.read(io.BytesIO(_joined(_speak(synthesizer, voice_id=voice_id))))
        assert np.abs(samples).max() == pytest.approx(level, abs=0.01)


def test_metrics_say_what_the_request_cost(registry):
    synthesizer = Synthesizer(ScriptedEngine(block_delay_s=0.001), VoiceLibrary([registry]), Settings())
    metrics = _speak(synthesizer)[-1].metrics
    blocks = metrics.speech_tokens
    assert blocks == sum(-(-len(text) // 5) for text, _ in synthesizer.engine.asked)
    assert 0 <= metrics.queue_ms <= metrics.ttfa_ms < 1000
    assert blocks * 0.001 < metrics.rtf * _speak(synthesizer)[-1].audio_seconds < blocks * 0.01
    assert metrics.voice_cache == "hit"


def test_time_spent_by_the_consumer_is_not_counted(synthesizer):
    request = SpeechRequest(text=TEXT, format="wav")
    events = []
    for event in synthesizer.speak(request, Arrival("r1"), lambda: False):
        time.sleep(0.1)
        events.append(event)
    assert events[-1].metrics.rtf * events[-1].audio_seconds < 0.1 * len(events) / 2


def test_cancelling_ends_the_request(synthesizer):
    asked = []

    def cancelled_after_five():
        asked.append(1)
        return len(asked) > 5

    with pytest.raises(Cancelled):
        _speak(synthesizer, cancelled=cancelled_after_five)


def test_a_passed_deadline_ends_the_request(registry):
    engine = ScriptedEngine(block_delay_s=0.01)
    with pytest.raises(DeadlineExceeded, match="deadline_ms=50"):
        _speak(Synthesizer(engine, VoiceLibrary([registry]), Settings()), deadline_ms=50)
    assert len(engine.asked) == 1


def test_an_unknown_voice_is_refused_before_anything_is_sent(synthesizer):
    with pytest.raises(UnknownVoice):
        next(synthesizer.speak(SpeechRequest(text="Hi", voice_id="nobody"), Arrival("r1"), lambda: False))


def test_more_audio_than_one_result_may_have_is_refused(engine, registry):
    synthesizer = Synthesizer(engine, VoiceLibrary([registry]), Settings(max_result_mb=0.1))
    with pytest.raises(TextTooLong, match="ask for mp3"):
        _speak(synthesizer)
    assert len(_joined(_speak(synthesizer, format="mp3"))) < 75_000


def test_what_a_slow_reader_costs_is_told(synthesizer):
    def read(seconds):
        request = SpeechRequest(text=TEXT, format="pcm")
        for event in synthesizer.speak(request, Arrival("r1"), lambda: False):
            if isinstance(event, AudioEvent):
                time.sleep(seconds)
        return event.metrics.stalled_ms

    assert read(0.02) > 10 * max(read(0), 1)


def test_the_worker_s_own_limit_ends_a_request_that_set_none(registry):
    synthesizer = Synthesizer(
        ScriptedEngine(block_delay_s=0.02), VoiceLibrary([registry]), Settings(max_request_seconds=0.1)
    )
    with pytest.raises(DeadlineExceeded, match="MAX_REQUEST_SECONDS"):
        _speak(synthesizer)
