"""Clips of strangers: decoded apart, so that no file can exhaust this process."""

import resource

import numpy as np
import pytest
from clips import mp4_claiming, resized, save, written

from voices.clip import DecodeLimits, decode_clip
from voices.errors import InvalidClip
from voices.untrusted import decode_untrusted


@pytest.fixture(params=["file", "bytes"])
def source(request, tmp_path, speech):
    content = written(np.clip(resized(speech, 6) * 5, -1, 1))
    return save(tmp_path / "anna.wav", content) if request.param == "file" else content


def test_a_clip_is_the_same_as_when_decoded_here(source):
    here, apart = decode_clip(source), decode_untrusted(source)
    assert np.array_equal(apart.samples, here.samples)
    assert np.array_equal(apart.source.clipped, here.source.clipped)
    assert (apart.source.name, apart.source.peak) == (here.source.name, here.source.peak)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"no audio " * 50, "not_audio"), (written(np.zeros(0)), "empty")],
)
def test_a_refusal_is_the_same_too(content, reason):
    with pytest.raises(InvalidClip) as refused:
        decode_untrusted(content)
    assert refused.value.reason == reason


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InvalidClip, match="There is no clip"):
        decode_untrusted(tmp_path / "nowhere.wav")


def test_a_file_that_makes_ffmpeg_allocate_gigabytes_is_refused():
    with pytest.raises(InvalidClip) as refused:
        decode_untrusted(mp4_claiming(170_000_000))
    assert refused.value.reason in {"not_audio", "empty"}
    peak_bytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    assert peak_bytes < 2 * 1024**3


def test_time_is_bounded_too(source):
    with pytest.raises(InvalidClip) as refused:
        decode_untrusted(source, limits=DecodeLimits(decode_seconds=0))
    assert refused.value.reason == "too_slow"
