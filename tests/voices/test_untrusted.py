"""Clips of strangers: decoded apart, so that no file can exhaust this process."""

import subprocess
import sys

import numpy as np
import pytest
from clips import mp4_claiming, resized, save, written

from voices.clips.decoding import DecodeLimits, decode_clip
from voices.clips.untrusted import decode_untrusted
from voices.errors import DecoderFailure, InvalidClip

pytestmark = pytest.mark.process

DECODE_AND_TELL_THE_PEAK = """
import resource, sys
from pathlib import Path
from voices.errors import DecoderFailure, InvalidClip
from voices.clips.untrusted import decode_untrusted

try:
    decode_untrusted(Path(sys.argv[1]).read_bytes())
except InvalidClip as refused:
    print(refused.reason, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


@pytest.fixture(params=["file", "bytes"])
def source(request, tmp_path, speech):
    content = written(np.clip(resized(speech, 6) * 5, -1, 1))[:-10_000]
    return save(tmp_path / "anna.wav", content) if request.param == "file" else content


def test_a_clip_is_the_same_as_when_decoded_here(source):
    here, apart = decode_clip(source), decode_untrusted(source)
    assert np.array_equal(apart.samples, here.samples)
    assert np.array_equal(apart.source.clipped, here.source.clipped)
    assert apart.source.lost_seconds == here.source.lost_seconds > 0
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


def test_a_file_that_makes_ffmpeg_allocate_gigabytes_is_refused(tmp_path):
    clip = tmp_path / "greedy.mp4"
    clip.write_bytes(mp4_claiming(170_000_000))
    # In a process of its own: the kernel's peak is that of the largest child there ever was.
    told = subprocess.run(
        [sys.executable, "-c", DECODE_AND_TELL_THE_PEAK, str(clip)],
        capture_output=True,
        text=True,
        check=True,
    )
    reason, peak_bytes = told.stdout.split()
    assert reason in {"not_audio", "empty"}
    assert int(peak_bytes) < 2 * 1024**3


def test_time_is_bounded_too(source):
    with pytest.raises(InvalidClip) as refused:
        decode_untrusted(source, limits=DecodeLimits(decode_seconds=0))
    assert refused.value.reason == "too_slow"


@pytest.fixture
def interpreter(tmp_path, monkeypatch):
    """Let a shell script stand in for the decoder's process, which ends as it says."""

    def ending(script):
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\ncat >/dev/null\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(path))

    return ending


@pytest.mark.parametrize("how", ["kill -KILL $$", "kill -TERM $$", "exit 75"])
def test_a_decoder_that_is_ended_from_outside_is_no_fault_of_the_clip(interpreter, how):
    interpreter(how)
    with pytest.raises(DecoderFailure, match="may be valid") as failed:
        decode_untrusted(b"a good clip")
    assert (failed.value.code, failed.value.field) == ("engine_failure", None)
    assert failed.value.retry_after_s


@pytest.mark.parametrize(
    ("how", "reason"),
    [("kill -SEGV $$", "not_audio"), ("kill -XCPU $$", "too_slow"), ("exit 1", "not_audio")],
)
def test_a_decoder_that_the_clip_ends_is_the_clips_fault(interpreter, how, reason):
    interpreter(how)
    with pytest.raises(InvalidClip) as refused:
        decode_untrusted(b"a bad clip")
    assert refused.value.reason == reason


def test_a_decoder_that_gets_no_time_is_no_fault_of_the_clip(interpreter, monkeypatch):
    monkeypatch.setattr("voices.clips.untrusted._START_SECONDS", 0.3)
    interpreter("exec sleep 60")
    with pytest.raises(DecoderFailure, match="too busy"):
        decode_untrusted(b"a good clip", limits=DecodeLimits(decode_seconds=0))


def test_a_process_that_cannot_be_started_is_no_fault_of_the_clip(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with pytest.raises(DecoderFailure, match="no process"):
        decode_untrusted(b"a good clip")
