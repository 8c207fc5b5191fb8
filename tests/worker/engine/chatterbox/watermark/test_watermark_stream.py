"""The watermark as a stream: found by Perth's own detector, without a seam, and nothing lost."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.audio.stages import Stage, StageChain
from worker.engine.chatterbox.watermark import Watermark, WatermarkStream

EXACT = {"first_lookahead": 15}
EARLY_UNTIL = 60 * 240 + 768
"""The first sample that no frame with an early gain reaches."""

BLOCK_SIZES = [960, 4_800, 9_600, 24_000, 10**6]
RANDOM_SIZES = st.lists(st.integers(0, 30_000), min_size=1, max_size=20)


def run(stage: Stage, samples: np.ndarray, sizes: Sequence[int]) -> list[np.ndarray]:
    """Pass samples through in blocks of these sizes, over and over; what comes out each time."""
    out, start, turn = [], 0, 0
    while start < len(samples):
        size = sizes[turn % len(sizes)] if any(sizes) else len(samples)
        out.append(stage.process(samples[start : start + size]))
        start, turn = start + size, turn + 1
    return [*out, stage.flush()]


def joined(stage: Stage, samples: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    return np.concatenate(run(stage, samples, sizes))


def power(samples: np.ndarray) -> float:
    return float(np.mean(samples.astype(np.float64) ** 2))


class TestTheMark:
    def test_is_perths_to_a_thousandth_of_its_amplitude(self, watermark, talk, marked_by_perth):
        perths = marked_by_perth(talk)
        inner = slice(2_000, len(perths) - 2_000)  # at the ends, Perth's resampling differs
        ours = watermark.apply(talk)
        assert power(perths[inner] - ours[inner]) < 1e-6 * power(ours[inner] - talk[inner])

    @pytest.mark.parametrize("size", BLOCK_SIZES)
    def test_is_found_in_blocks_of_any_size(self, watermark, talk, confidence, size):
        assert confidence(joined(watermark.stream(), talk, [size])) > 0.9999
        assert confidence(talk) < 0.01

    @settings(max_examples=10)
    @given(sizes=RANDOM_SIZES, first_lookahead=st.integers(0, 15))
    def test_is_found_in_blocks_of_random_sizes(self, watermark, talk, confidence, sizes, first_lookahead):
        stream = watermark.stream(first_lookahead=first_lookahead)
        assert confidence(joined(stream, talk, sizes)) > 0.9999

    @pytest.mark.parametrize("seconds", [0.1, 0.3, 1.0])
    def test_is_found_in_a_short_utterance_as_well_as_perths(
        self, watermark, talk, marked_by_perth, confidence, seconds
    ):
        short = talk[24_000 : 24_000 + int(seconds * 24_000)]
        expected = confidence(marked_by_perth(short))
        assert expected > 0.5
        for size in (480, 2_400, 24_000):
            ours = joined(watermark.stream(), short, [size])
            assert confidence(ours) == pytest.approx(expected, abs=0.02)

    @pytest.mark.parametrize("level", [1e-4, 1e-2, 1.0])
    def test_is_found_at_any_level(self, watermark, talk, confidence, level):
        samples = (talk * (level / np.abs(talk).max())).astype(np.float32)
        assert confidence(joined(watermark.stream(), samples, [9_600])) > 0.99

    def test_is_below_2_khz_alone(self, watermark, talk):
        difference = joined(watermark.stream(), talk, [4_800]) - talk
        spectrum = np.abs(np.fft.rfft(difference)) ** 2
        above = np.fft.rfftfreq(len(difference), 1 / 24_000) > 2_100
        assert spectrum[above].sum() < 1e-6 * spectrum.sum()

    def test_silence_stays_silent(self, watermark, talk):
        silent = np.zeros(48_000, np.float32)
        assert not joined(watermark.stream(), silent, [960]).any()
        pause = np.concatenate([talk[:24_000], silent, talk[24_000:48_000]])
        marked = joined(watermark.stream(), pause, [9_600])
        assert not marked[24_000 + 1_536 : 72_000 - 1_536].any()

    def test_what_exceeds_full_scale_is_clipped(self, watermark, talk, marked_by_perth, confidence):
        loud = (talk / np.abs(talk).max()).astype(np.float32)
        perths = marked_by_perth(loud)
        assert np.abs(perths).max() > 1.01
        ours = joined(watermark.stream(**EXACT), loud, [4_800])
        inner = slice(2_000, len(perths) - 2_000)
        np.testing.assert_allclose(ours[inner], np.clip(perths, -1, 1)[inner], atol=2e-3, rtol=0)
        assert np.abs(ours).max() == 1
        assert confidence(ours) > 0.9999


class TestBlocks:
    @settings(max_examples=20)
    @given(sizes=RANDOM_SIZES)
    def test_joined_blocks_equal_the_whole(self, watermark, talk, sizes):
        ours = joined(watermark.stream(**EXACT), talk, sizes)
        np.testing.assert_allclose(ours, watermark.apply(talk), atol=1e-6, rtol=0)

    @pytest.mark.parametrize("size", BLOCK_SIZES)
    def test_an_early_beginning_is_nearly_the_whole_and_what_follows_is_it(self, watermark, talk, size):
        whole = watermark.apply(talk)
        ours = joined(watermark.stream(), talk, [size])
        np.testing.assert_allclose(ours[EARLY_UNTIL:], whole[EARLY_UNTIL:], atol=1e-6, rtol=0)
        early = slice(0, EARLY_UNTIL)
        assert power(ours[early] - whole[early]) < 0.06 * power(whole[early] - talk[early])

    @given(length=st.integers(0, 6_000), sizes=st.lists(st.integers(0, 2_000), min_size=1, max_size=9))
    def test_not_a_sample_is_lost_or_added(self, watermark, talk, length, sizes):
        samples = talk[12_000 : 12_000 + length]
        marked = joined(watermark.stream(), samples, sizes)
        assert (marked.shape, marked.dtype) == (samples.shape, np.float32)
        assert np.isfinite(marked).all()

    def test_nothing_gives_nothing(self, watermark):
        stream = watermark.stream()
        assert stream.process(np.zeros(0, np.float32)).shape == (0,)
        assert stream.flush().shape == (0,)

    @pytest.mark.parametrize("size", [960, 4_800, 9_600])
    def test_no_border_jumps(self, watermark, talk, size):
        """Neither where a block came in nor where one came out; piecewise marking does jump."""
        out = run(watermark.stream(), talk, [size])
        borders = np.union1d(np.arange(0, len(talk), size), np.cumsum([len(block) for block in out]))
        assert worst_bend(np.concatenate(out) - talk, borders) < 1
        starts = np.arange(0, len(talk), size)
        pieces = [watermark.apply(talk[start : start + size]) for start in starts]
        assert worst_bend(np.concatenate(pieces) - talk, starts) > 5

    def test_interleaved_streams_are_independent(self, watermark, talk):
        sources = [talk, -talk[::-1].copy(), talk[30_000:]]
        alone = [run(watermark.stream(), source, [4_800]) for source in sources]
        streams = [watermark.stream() for _ in sources]
        together: list[list[np.ndarray]] = [[] for _ in sources]
        for start in range(0, len(talk), 4_800):
            for stream, source, out in zip(streams, sources, together, strict=True):
                if start < len(source):
                    out.append(stream.process(source[start : start + 4_800]))
        for stream, out, expected in zip(streams, together, alone, strict=True):
            np.testing.assert_array_equal(np.concatenate([*out, stream.flush()]), np.concatenate(expected))

    def test_what_was_given_is_left_as_it_was(self, watermark, talk):
        given_samples = talk[:9_600].copy()
        stream = watermark.stream()
        before = stream.process(given_samples).copy()
        np.testing.assert_array_equal(given_samples, talk[:9_600])
        given_samples[:] = 7
        rest = stream.flush()
        np.testing.assert_array_equal(
            np.concatenate([before, rest]), joined(watermark.stream(), talk[:9_600], [9_600])
        )

    def test_it_stands_in_a_chain_of_stages(self, watermark, talk):
        chain = StageChain([watermark.stream()])
        np.testing.assert_array_equal(joined(chain, talk, [4_800]), joined(watermark.stream(), talk, [4_800]))


class TestDelay:
    @pytest.mark.parametrize(
        ("first_lookahead", "needed_ms"), [(0, 62), (8, 142), (15, 212)], ids=["early", "between", "exact"]
    )
    def test_first_audio_comes_after_so_many_milliseconds(self, watermark, talk, first_lookahead, needed_ms):
        stream = watermark.stream(first_lookahead=first_lookahead)
        millisecond = (talk[start : start + 24] for start in range(0, len(talk), 24))
        taken = next(count for count, block in enumerate(millisecond, 1) if len(stream.process(block)))
        assert taken == needed_ms

    @pytest.mark.parametrize("first_lookahead", [-1, 16])
    def test_a_lookahead_that_cannot_be_is_refused(self, watermark, first_lookahead):
        with pytest.raises(ValueError, match="0 to 15"):
            watermark.stream(first_lookahead=first_lookahead)

    def test_never_more_than_214_ms_are_held_back(self, watermark, talk):
        stream = watermark.stream()
        held = 0
        for start in range(0, len(talk), 480):
            held += 480 - len(stream.process(talk[start : start + 480]))
            assert held <= 0.214 * 24_000

    def test_there_is_no_pause_while_the_delay_grows(self, watermark, talk):
        out = [len(block) for block in run(watermark.stream(), talk, [2_400])]
        assert min(out[1:-2]) >= 0.75 * 2_400


class TestMemory:
    def test_a_stream_keeps_as_much_after_a_minute_as_after_a_second(self, watermark, talk):
        minute = np.resize(talk, 60 * 24_000)
        stream = watermark.stream()
        sizes = []
        for start in range(0, len(minute), 24_000):
            stream.process(minute[start : start + 24_000])
            sizes.append(kept_bytes(stream))
        assert max(sizes[1:]) == min(sizes[1:])
        assert sizes[-1] < 150_000

    def test_a_long_block_leaves_no_more_behind_than_short_ones(self, watermark, talk):
        long, short = watermark.stream(), watermark.stream()
        long.process(talk[:192_000])
        for start in range(0, 192_000, 2_400):
            short.process(talk[start : start + 2_400])
        assert kept_bytes(long) == kept_bytes(short)

    def test_no_graph_is_kept(self, watermark, talk):
        stream = watermark.stream()
        with torch.enable_grad():
            stream.process(talk[:24_000])
        assert tensors_of(stream)
        assert all(tensor.grad_fn is None for tensor in tensors_of(stream))


def worst_bend(mark: np.ndarray, borders: np.ndarray) -> float:
    """The sharpest bend of the mark at a border, beside the sharpest one elsewhere."""
    bends = np.abs(np.diff(mark, 2))
    at = np.unique(np.concatenate([borders - 1, borders - 2]))
    at = at[(at >= 0) & (at < len(bends))]
    return float(bends[at].max() / np.delete(bends, at).max())


def tensors_of(stream: WatermarkStream) -> list[torch.Tensor]:
    values = [
        value for part in (stream._reader, stream._marker, stream._adder) for value in vars(part).values()
    ]
    values += stream._marker._columns
    return [value for value in values if isinstance(value, torch.Tensor)]


def kept_bytes(stream: WatermarkStream) -> int:
    """Whole storages: a small view of something long counts as long."""
    arrays = [stream._unmarked, stream._reader._unread]
    whole = sum((array if array.base is None else array.base).nbytes for array in arrays)
    return whole + sum(tensor.untyped_storage().nbytes() for tensor in tensors_of(stream))


def test_the_weights_are_left_as_they_were(talk):
    watermark = Watermark()
    before = watermark.apply(talk[:24_000])
    joined(watermark.stream(), talk, [960])
    np.testing.assert_array_equal(watermark.apply(talk[:24_000]), before)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_on_cuda_the_mark_is_found(talk, confidence):
    assert confidence(joined(Watermark("cuda").stream(), talk, [9_600])) > 0.9999
