"""Text chunks joined: no speech lost, silence at the ends off, pauses between, one level."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from worker.audio.joining import SpeechJoiner
from worker.audio.silence import SilenceTrimmer

RATE = 24_000
FRAME = RATE // 100


def tone(seconds, level=0.3, hz=150):
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def noise(seconds, level, seed=0):
    return (level * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


def silence(seconds):
    return np.zeros(round(seconds * RATE), np.float32)


def blocks(samples, size):
    return [samples[start : start + size] for start in range(0, len(samples), size)]


def trim(samples, size=1200):
    """Trim one text chunk; returns what is heard where more follows, and what else at the end."""
    trimmer = SilenceTrimmer(RATE)
    out = [trimmer.process(block) for block in blocks(samples, size)]
    ending = trimmer.finish()
    return np.concatenate([*out, ending.kept]), ending


def join(chunks, pause_s=0.3, size=1200):
    joiner = SpeechJoiner(RATE)
    out, begun_at = [], []
    for samples in chunks:
        joiner.begin()
        out += [joiner.process(block) for block in blocks(samples, size)]
        out.append(joiner.end(pause_s))
        begun_at.append(joiner.begun_at)
    return np.concatenate([*out, joiner.finish()]), begun_at


def rms(samples):
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


class TestTrimming:
    def test_speech_without_silence_passes_whole(self):
        speech = tone(1.003)
        heard, ending = trim(speech)
        assert np.array_equal(heard, speech)
        assert not ending.kept_is_cut

    def test_silence_before_and_after_is_taken_off_but_for_a_little(self):
        speech = tone(1.0)
        heard, ending = trim(np.concatenate([silence(0.5), speech, silence(0.8)]))
        assert len(heard) == len(speech) + round(0.07 * RATE)
        assert len(ending.tail) == round(0.16 * RATE)
        assert ending.tail_is_cut

    def test_a_pause_within_the_speech_stays(self):
        speech = np.concatenate([tone(0.5), silence(1.5), tone(0.5)])
        heard, _ = trim(np.concatenate([speech, silence(0.5)]))
        assert np.array_equal(heard[: len(speech)], speech)

    def test_a_breath_after_the_speech_is_taken_off(self):
        breath = noise(0.3, 0.004)  # 37 dB below the speech
        heard, ending = trim(np.concatenate([tone(1.0), silence(0.2), breath, silence(0.1)]))
        assert len(heard) == round(1.04 * RATE)
        assert not np.any(ending.tail)

    def test_a_soft_last_consonant_is_no_breath(self):
        burst = noise(0.03, 0.006)  # 31 dB below, after a closure of 100 ms
        speech = np.concatenate([tone(1.0), silence(0.1), burst])
        heard, _ = trim(np.concatenate([speech, silence(0.5)]))
        assert np.array_equal(heard[: len(speech)], speech)

    def test_a_soft_onset_is_kept(self):
        onset = noise(0.1, 0.003)
        heard, _ = trim(np.concatenate([silence(0.2), onset, tone(0.5)]))
        assert len(heard) >= len(onset) + round(0.5 * RATE)

    def test_silence_alone_is_nothing(self):
        heard, ending = trim(silence(1.0))
        assert heard.size == ending.tail.size == 0

    def test_nothing_is_nothing(self):
        heard, ending = trim(silence(0.0))
        assert heard.size == ending.tail.size == 0

    def test_it_holds_back_less_than_a_frame_of_speech(self):
        trimmer = SilenceTrimmer(RATE)
        given_samples = heard = 0
        for block in blocks(tone(0.5), 577):
            given_samples += len(block)
            heard += len(trimmer.process(block))
            assert given_samples - heard < FRAME

    @given(
        parts=st.lists(
            st.tuples(st.sampled_from([0.0, 1e-4, 0.002, 0.05, 0.3, 0.9]), st.integers(1, 9_000)),
            max_size=8,
        ),
        sizes=st.lists(st.integers(1, 5_000), min_size=1, max_size=4),
    )
    def test_no_speech_sample_is_lost_and_blocks_make_no_difference(self, parts, sizes):
        samples = np.concatenate(
            [np.zeros(0, np.float32), *(noise(n / RATE, level, n)[:n] for level, n in parts)]
        )
        heard, _ = trim(samples, sizes[0])
        # What is heard is one stretch of what came in ...
        loud = np.abs(samples) > 0.02
        if not loud.any():
            return
        first = int(np.argmax(loud))
        at = next(
            start for start in range(first + 1) if np.array_equal(samples[start : start + len(heard)], heard)
        )
        # ... with all that is within 30 dB of the loudest frame.
        end = at + len(heard)
        quiet_end = samples[end:]
        loudest = max(rms(samples[start : start + FRAME]) for start in range(0, len(samples), FRAME))
        for start in range(0, len(quiet_end) - FRAME, FRAME):
            assert rms(quiet_end[start : start + FRAME]) <= loudest * 10 ** (-30 / 20) * 1.5
        assert at <= first
        for size in sizes[1:]:
            assert np.array_equal(trim(samples, size)[0], heard)


class TestPauses:
    def test_text_chunks_are_a_pause_apart_whatever_silence_they_came_with(self):
        one, two = tone(0.5), tone(0.7)
        for padding in (0.0, 0.1, 0.6):
            joined, begun_at = join(
                [np.concatenate([silence(padding), each, silence(padding)]) for each in (one, two)]
            )
            first_end = begun_at[0] + (0 if padding == 0.0 else round(0.03 * RATE)) + len(one)
            gap = int(np.argmax(np.abs(joined[first_end + 10 :]) > 1e-3)) + 10
            extra = 0.0 if padding == 0.0 else 0.07
            assert gap / RATE == pytest.approx(0.3 + extra, abs=0.002)

    def test_positions_are_where_the_text_chunks_begin(self):
        chunks = [tone(0.4), tone(0.5), tone(0.6)]
        joined, begun_at = join(chunks)
        for start, samples in zip(begun_at, chunks, strict=True):
            assert np.array_equal(joined[start : start + len(samples)], samples)
        assert len(joined) == sum(map(len, chunks)) + 2 * round(0.3 * RATE)

    def test_a_silent_text_chunk_makes_no_second_pause(self):
        joined, begun_at = join([tone(0.4), silence(0.5), tone(0.4)])
        assert begun_at[1] is None
        assert len(joined) <= round((0.8 + 0.3 + 0.05) * RATE)

    def test_the_end_keeps_a_short_tail_and_no_pause(self):
        joined, _ = join([tone(0.5), np.concatenate([tone(0.5), noise(1.0, 0.0003)])])
        assert len(joined) / RATE == pytest.approx(0.5 + 0.3 + 0.5 + 0.2, abs=0.02)
        assert abs(joined[-1]) < 1e-4

    def test_where_something_was_cut_off_it_fades(self):
        hum = np.concatenate([tone(0.5), tone(0.5, level=0.0012)])
        joined, begun_at = join([hum, tone(0.5)])
        steps = np.abs(np.diff(joined[begun_at[0] + round(0.5 * RATE) : begun_at[1]]))
        assert steps.max() < 0.0005

    def test_first_audio_is_not_held_back(self):
        joiner = SpeechJoiner(RATE)
        joiner.begin()
        assert np.array_equal(joiner.process(tone(0.4)), tone(0.4))

    @pytest.mark.slow
    @given(st.lists(st.integers(50, 4_000), min_size=1, max_size=3))
    @example([1])  # once: a call for every sample takes a second
    def test_blocks_make_no_difference(self, sizes):
        chunks = [tone(1.2), tone(0.9, 0.2), np.concatenate([tone(0.5, 0.25), silence(0.2)])]
        whole, _ = join(chunks, size=100_000)
        for size in sizes:
            assert np.allclose(join(chunks, size=size)[0], whole, atol=1e-7)


class TestLevel:
    @pytest.mark.parametrize(("decibels", "left"), [(-2, 0), (2, 0), (-6, -3), (6, 3)])
    def test_a_text_chunk_is_brought_to_the_first_ones_level_by_3_db_at_most(self, decibels, left):
        level = 0.2 * 10 ** (decibels / 20)
        joined, begun_at = join([tone(2.0, 0.2), tone(4.0, level)])
        settled = joined[begun_at[1] + round(1.2 * RATE) :]
        assert 20 * np.log10(rms(settled) / rms(tone(2.0, 0.2))) == pytest.approx(left, abs=0.1)
        # Ramped: no step between neighbouring tenths of a second.
        tenths = [rms(block) for block in blocks(joined[begun_at[1] :], RATE // 10)[:-1]]
        assert np.abs(np.diff(20 * np.log10(tenths))).max() < 0.5

    def test_the_first_text_chunk_passes_unchanged(self):
        speech = tone(3.0, 0.1)
        assert np.array_equal(join([speech])[0], speech)

    def test_it_never_clips(self):
        quiet_with_a_peak = tone(3.0, 0.2)
        quiet_with_a_peak[40_000:40_100] = 0.95
        joined, begun_at = join([tone(2.0, 0.5), quiet_with_a_peak])
        assert np.abs(joined[begun_at[1] :]).max() <= 1.0
        early = joined[begun_at[1] + 30_000 : begun_at[1] + 35_000]
        assert rms(early) > rms(tone(1.0, 0.2)) * 1.3

    def test_a_short_beginning_is_not_the_measure_of_a_long_text(self):
        joined, begun_at = join([tone(0.3, 0.05), tone(2.0, 0.3), tone(2.0, 0.3)])
        for start in begun_at[1:]:
            assert np.allclose(joined[start : start + RATE], tone(1.0, 0.3), atol=0.02)
