"""The model's thread, over a scripted model: streams are kept apart, and one's failure is its own."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from voices.conditionals import Conditionals
from voices.errors import InvalidRequest
from worker.engine.base import Delivery, Occupancy, Pulse, SpeechOptions
from worker.engine.chatterbox.chunk_schedule import ChunkSchedule
from worker.engine.chatterbox.s3gen.batch import LOOKAHEAD
from worker.engine.chatterbox.speech import Speech, Task
from worker.engine.chatterbox.speech_loop import SpeechLoop
from worker.engine.chatterbox.t3.sampling import Sampling
from worker.engine.chatterbox.t3.scheduler import TokenScheduler
from worker.engine.chatterbox.t3.utterance import Utterance
from worker.errors import DeviceFailure, EngineFailure

STOP = 6562
VOICE = Conditionals("x", {})


NUMBERS = 40
FAILS = 13


def token_of(number, index):
    """Return a token that tells its utterance's number; they do not go in circles."""
    return number + NUMBERS * (index % 160)


class Tokens:
    """Decodes as many tokens as an utterance has, which tell its number, then the stop token."""

    def __init__(self, slot_count=4):
        self.slot_count = slot_count
        self.left = {}
        self.gate = threading.Event()
        self.gate.set()
        self.steps = 0

    def prefill(self, joining):
        for slot, utterance in joining:
            tokens = [token_of(utterance.seed, index) for index in range(1, utterance.text)]
            self.left[slot] = tokens + [STOP] * 3
        return SimpleNamespace(wait=lambda: [utterance.seed for _, utterance in joining])

    def step(self):
        self.gate.wait()
        self.steps += 1
        if any("explode" in str(row[:1]) for row in self.left.values()):
            raise RuntimeError("CUDA error")
        last = max(self.left)
        tokens = [self.left[slot].pop(0) if self.left.get(slot) else 0 for slot in range(last + 1)]
        return SimpleNamespace(wait=lambda: tokens)

    def leave(self, slot):
        self.left.pop(slot, None)

    def move(self, source, target):
        self.left[target] = self.left.pop(source)

    def prefix_of(self, _slot, _length):
        return None


class Samples:
    """Turns a token into 960 samples of its utterance's number."""

    def __init__(self):
        self.calls = []

    def render(self, calls):
        self.calls.append(len(calls))
        made = []
        for call in calls:
            if any(token % NUMBERS == FAILS for token in call.tokens):
                raise RuntimeError("shape mismatch at /secret")
            call.stream.held += call.tokens
            ready = len(call.stream.held) - (0 if call.final else LOOKAHEAD)
            out, call.stream.held = call.stream.held[:ready], call.stream.held[ready:]
            made.append(np.repeat(np.array(out, np.float32) % NUMBERS / 100, 960))
        return made


class Stream:
    def __init__(self):
        self.held = []

    @property
    def unrendered(self):
        return len(self.held)


class Loop:
    """A loop and the parts that a test looks into."""

    def __init__(self, **schedule):
        self.tokens, self.samples = Tokens(), Samples()
        self.scheduler = TokenScheduler(self.tokens, STOP)
        self.pulse = Pulse()
        chunks = ChunkSchedule(**schedule)
        self.loop = SpeechLoop(self.scheduler, self.samples, self._begin, chunks, self.pulse)
        self.thread = threading.Thread(target=self.loop.run, daemon=True)
        self.thread.start()

    def close(self):
        self.loop.close()
        self.thread.join()

    def _begin(self, speech):
        if speech.text == "bad":
            raise InvalidRequest("text: it is bad", field="text")
        number, count = speech.text.split()
        voice = SimpleNamespace(conditionals=[], prefix=None, keep_prefix=lambda _prefix: None)
        utterance = Utterance(voice, int(count), Sampling(), int(number), 1001, urgency=speech.urgency)
        return Task(speech, utterance, Stream())

    def speak(self, text, **delivery):
        speech = Speech(text, VOICE, SpeechOptions(), Delivery(**delivery))
        self.loop.submit(speech)
        return speech

    def settle(self):
        """Wait until nothing has a slot."""
        deadline = time.monotonic() + 5
        while not self.scheduler.is_idle:
            assert time.monotonic() < deadline
            time.sleep(0.001)


@pytest.fixture
def loop():
    loop = Loop()
    yield loop
    loop.tokens.gate.set()
    loop.close()


def _spoken(speech):
    return np.concatenate([np.zeros(0), *[block.samples for block in speech]])


def _expected(number, count):
    return np.full(count * 960, number / 100, np.float32)


def test_many_at_once_each_get_their_own_speech(loop):
    speeches = [(number, loop.speak(f"{number} {10 + number}")) for number in range(1, FAILS)]
    for number, speech in speeches:
        np.testing.assert_allclose(_spoken(speech), _expected(number, 10 + number), atol=1e-7)
    assert max(loop.samples.calls) > 1


def test_audio_comes_before_the_last_token(loop):
    loop.tokens.gate.clear()
    speech = loop.speak("5 200")
    threading.Timer(0.05, loop.tokens.gate.set).start()
    first = next(speech)
    assert 0 < len(first.samples) < 200 * 960
    assert len(first.samples) + len(_spoken(speech)) == 200 * 960


def test_a_cancelled_one_ends_and_its_slot_is_free_within_one_step(loop):
    cancelled = threading.Event()
    loop.tokens.gate.clear()
    speech = loop.speak("5 900", cancelled=cancelled.is_set)
    cancelled.set()
    steps = loop.tokens.steps
    loop.tokens.gate.set()
    assert list(speech) == []
    loop.settle()
    assert loop.tokens.steps <= steps + 1
    assert loop.scheduler.active == 0


def test_a_closed_one_frees_its_slot_though_nobody_reads(loop):
    speech = loop.speak("5 100000")
    next(speech)
    speech.close()
    loop.settle()
    assert loop.tokens.left == {}


def test_a_cancelled_one_that_waits_for_a_slot_ends_too(loop):
    loop.tokens.gate.clear()
    speaking = [loop.speak("1 20") for _ in range(loop.tokens.slot_count)]
    cancelled = threading.Event()
    waiting = loop.speak("2 20", cancelled=cancelled.is_set)
    cancelled.set()
    loop.tokens.gate.set()
    assert list(waiting) == []
    assert all(len(_spoken(speech)) == 20 * 960 for speech in speaking)


def test_a_text_that_cannot_begin_fails_alone(loop):
    fine, bad = loop.speak("1 20"), loop.speak("bad")
    with pytest.raises(InvalidRequest, match="it is bad"):
        next(bad)
    with pytest.raises(StopIteration):
        next(bad)
    assert len(_spoken(fine)) == 20 * 960


def test_a_failure_of_the_samples_reaches_those_of_the_call_without_its_insides(loop, caplog):
    failing = loop.speak(f"{FAILS} 20")
    with pytest.raises(EngineFailure, match=r"\(RuntimeError\)") as caught:
        list(failing)
    assert "secret" not in caught.value.message
    assert "secret" in caplog.text
    loop.settle()
    assert len(_spoken(loop.speak("1 20"))) == 20 * 960


def test_a_failure_of_a_step_ends_those_under_way_and_the_next_are_spoken(loop):
    loop.tokens.gate.clear()
    speeches = [loop.speak("1 20"), loop.speak("2 20")]
    time.sleep(0.05)
    for row in loop.tokens.left.values():
        row.insert(0, "explode")
    loop.tokens.gate.set()
    for speech in speeches:
        with pytest.raises(EngineFailure):
            list(speech)
    assert len(_spoken(loop.speak("3 20"))) == 20 * 960


def test_a_slow_reader_holds_no_slot_and_misses_nothing():
    loop = Loop(first=1, growth=1.0, longest=1)
    slow = loop.speak("5 300")
    loop.settle()  # all tokens are there, and nobody has read a block
    assert loop.scheduler.active == 0
    assert len(_spoken(loop.speak("6 50"))) == 50 * 960
    np.testing.assert_allclose(_spoken(slow), _expected(5, 300), atol=1e-7)
    loop.close()


def test_what_is_wanted_whole_is_one_block(loop):
    blocks = list(loop.speak("5 300", whole=True))
    assert [len(block.samples) for block in blocks] == [300 * 960]


def test_speech_that_was_cut_says_so(loop):
    blocks = list(loop.speak("5 5000"))
    assert [block.was_cut for block in blocks] == [False] * (len(blocks) - 1) + [True]


def test_closing_fails_what_is_under_way():
    loop = Loop()
    loop.tokens.gate.clear()
    speech = loop.speak("5 100")
    threading.Timer(0.05, loop.tokens.gate.set).start()
    loop.close()
    with pytest.raises(EngineFailure, match="closed"):
        list(speech)


def test_what_is_handed_over_after_the_end_fails_at_once(loop):
    loop.close()
    with pytest.raises(EngineFailure, match="closed"):
        list(loop.speak("5 10"))


def test_a_device_that_fails_is_reported_by_the_pulse(loop):
    def fail():
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    loop.tokens.step = fail
    with pytest.raises(DeviceFailure) as failure:
        list(loop.speak("5 10"))
    assert loop.pulse.failure is not None
    assert "illegal" not in failure.value.message


def test_a_loop_that_breaks_leaves_nobody_waiting(loop):
    def fail(_utterance):
        raise RuntimeError("a mistake")

    loop.tokens.gate.clear()
    speech = loop.speak("5 900")
    loop.scheduler.cancel = fail
    speech.close()
    waiting = loop.speak("6 10")
    loop.tokens.gate.set()
    with pytest.raises(EngineFailure):
        list(waiting)
    loop.thread.join(2)
    assert loop.pulse.failure is not None


def test_a_step_that_takes_long_shows_in_the_pulse(loop):
    assert loop.pulse.longest_step_seconds == 0
    loop.tokens.gate.clear()
    speech = loop.speak("5 10")
    time.sleep(0.1)
    assert loop.pulse.longest_step_seconds > 0.05
    loop.tokens.gate.set()
    list(speech)
    loop.settle()
    time.sleep(0.05)
    assert loop.pulse.longest_step_seconds == 0


def test_how_busy_it_is_can_be_asked_from_any_thread(loop):
    loop.tokens.gate.clear()
    streams = [loop.speak(f"{number} 5") for number in range(1, 7)]
    deadline = time.monotonic() + 5
    while loop.loop.occupancy(4) != Occupancy(streams=6, waiting=2, slots_used=4, slots=4):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    loop.tokens.gate.set()
    for stream in streams:
        list(stream)
    loop.settle()
    assert loop.loop.occupancy(4) == Occupancy(streams=0, waiting=0, slots_used=0, slots=4)


def test_a_device_that_fails_in_clearing_up_too_leaves_nobody_waiting(loop):
    def fail(*_):
        raise torch.AcceleratorError("CUDA error")

    loop.tokens.gate.clear()
    speeches = [loop.speak(f"{number} 10") for number in (1, 2)]
    time.sleep(0.05)
    loop.tokens.step = loop.tokens.leave = fail
    loop.tokens.gate.set()
    for speech in speeches:
        with pytest.raises(EngineFailure):
            list(speech)
    loop.thread.join(2)
    with pytest.raises(DeviceFailure):
        list(loop.speak("3 10"))
