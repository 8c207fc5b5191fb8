"""Which tokens the next audio chunk gets: small first, growing, and for a seed always the same."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voices.conditionals import Conditionals
from worker.engine.base import Delivery, Playback, SpeechBlock, SpeechOptions
from worker.engine.chatterbox.chunk_schedule import ChunkSchedule
from worker.engine.chatterbox.s3gen.batch import LOOKAHEAD
from worker.engine.chatterbox.speech import Speech, Task
from worker.engine.chatterbox.t3.sampling import Sampling
from worker.engine.chatterbox.t3.utterance import Ending, Utterance

SCHEDULE = ChunkSchedule(first=10, growth=2.0, longest=100)


class CountingStream:
    """Counts as S3Gen's streams do: all but the lookahead are rendered."""

    unrendered = 0

    def extend(self, call):
        self.unrendered = 0 if call.final else min(self.unrendered + len(call.tokens), LOOKAHEAD)


def make_task(seed=None, **delivery):
    speech = Speech("text", Conditionals("x", {}), SpeechOptions(seed=seed), Delivery(**delivery))
    utterance = Utterance(SimpleNamespace(), None, Sampling(), 1, 1001)
    return Task(speech, utterance, CountingStream())


def advance(task, schedule=SCHEDULE):
    """Decode what is due, if anything; return how many tokens were given."""
    share = task.due(schedule)
    if share is None:
        return None
    call = task.render_call(share)
    task.stream.extend(call)
    task.speech.put(SpeechBlock([], len(call.tokens)))
    return len(call.tokens), call.final


def all_shares(task, arrivals, total):
    """Let ``total`` tokens arrive in steps, looking after each; return every share."""
    shares, arrived = [], 0
    for step in [*arrivals, total]:
        new = min(step, total - arrived)
        task.utterance.tokens += [7] * new
        arrived += new
        if arrived == total:
            task.utterance.ending = Ending.STOPPED
        while (share := advance(task)) is not None and not (shares and shares[-1][1]):
            shares.append(share)
            while True:  # a reader that keeps up
                if task.speech._outbox.empty():
                    break
                task.speech._outbox.get()
            if share[1]:
                return shares
    return shares


def test_the_first_audio_chunk_is_small_and_the_next_ones_grow():
    task = make_task(seed=1)
    shares = all_shares(task, [1] * 400, 400)
    assert [count for count, _ in shares] == [13, 20, 40, 80, 100, 100, 47]
    assert [final for _, final in shares] == [False] * 6 + [True]


@given(arrivals=st.lists(st.integers(1, 60), max_size=40), total=st.integers(1, 300))
def test_for_a_seed_the_chunks_do_not_depend_on_when_the_tokens_came(arrivals, total):
    assert all_shares(make_task(seed=1), arrivals, total) == all_shares(make_task(seed=1), [], total)


@given(arrivals=st.lists(st.integers(1, 60), max_size=40), total=st.integers(1, 300))
def test_every_token_is_given_once_and_only_the_last_share_is_final(arrivals, total):
    shares = all_shares(make_task(), arrivals, total)
    assert sum(count for count, _ in shares) == total
    assert [final for _, final in shares] == [False] * (len(shares) - 1) + [True]


def test_a_listener_with_much_to_play_waits_for_a_longer_chunk():
    playback = Playback(lambda: 0.0)
    playback.note(3.5)
    task = make_task(playback=playback)
    task.utterance.tokens = [7] * 50
    assert task.due(SCHEDULE) is None
    task.utterance.tokens = [7] * (75 + LOOKAHEAD)
    assert task.due(SCHEDULE).tokens == 75 + LOOKAHEAD


def test_nobody_waits_in_silence_for_a_later_text_chunk_so_it_begins_larger():
    first, second = make_task(order=0), make_task(order=1)
    for task in (first, second):
        task.utterance.tokens = [7] * 20
    assert first.due(SCHEDULE) is not None
    assert second.due(SCHEDULE) is None


def test_a_later_text_chunk_that_a_silent_listener_waits_for_begins_as_small_as_the_first():
    assert make_task(order=3, is_awaited=True).speech.audio_chunks_before == 0
    assert make_task(order=3).speech.audio_chunks_before > 0


def test_what_is_wanted_whole_is_decoded_once_at_the_end():
    task = make_task(whole=True)
    task.utterance.tokens = [7] * 200
    assert task.due(SCHEDULE) is None
    task.utterance.ending = Ending.STOPPED
    assert task.due(SCHEDULE) == (200, True)


def test_tokens_that_start_and_stop_speech_are_not_spoken():
    task = make_task(whole=True)
    task.utterance.tokens = [6561, 5, 6562, 6]
    task.utterance.ending = Ending.STOPPED
    assert task.render_call(task.due(SCHEDULE)).tokens == [5, 6]


def test_nothing_is_decoded_for_a_reader_who_is_behind():
    task = make_task()
    task.utterance.tokens = [7] * 200
    for _ in range(8):
        task.speech.put(SpeechBlock([], 1))
    assert task.due(SCHEDULE) is None
    next(task.speech)
    assert task.due(SCHEDULE) is not None


@pytest.mark.parametrize(("chunks", "tokens"), [(0, 10), (1, 20), (3, 80), (4, 100), (10_000, 100)])
def test_a_schedule_grows_to_its_longest(chunks, tokens):
    assert SCHEDULE.tokens(chunks, None) == tokens


def test_a_listener_who_runs_dry_comes_before_what_is_wanted_whole_and_that_before_a_full_buffer():
    dry, full = Playback(lambda: 0.0), Playback(lambda: 0.0)
    dry.note(0.3)
    full.note(20.0)
    tasks = [make_task(playback=full), make_task(whole=True), make_task(playback=dry), make_task(order=1)]
    tasks.sort(key=lambda task: task.speech.urgency())
    assert [task.speech.delivery.playback is dry for task in tasks] == [True, False, False, False]
    assert [task.speech.delivery.whole for task in tasks] == [False, True, False, False]
