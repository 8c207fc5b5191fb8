"""Editing: cuts, joins, fades and gain, with pydub on 32-bit integers.

With 32 bits, gain does not amplify audible quantisation noise.
"""

import warnings
from collections.abc import Sequence

import numpy as np

from voices.clips.activity import Span
from voices.clips.clip import CLIP_SAMPLE_RATE, Clip, Samples
from voices.clips.levels import FRAMES_PER_SECOND, dc_offset, loudness_lufs

with warnings.catch_warnings():
    # pydub warns about a missing ffmpeg program, which we do not use, and about audioop (gone in 3.13).
    warnings.simplefilter("ignore")
    from pydub import AudioSegment

TARGET_LUFS = -27.0
"""Chatterbox normalises every reference to this loudness, so doing it here changes nothing later."""
PEAK_CEILING_DBFS = -1.0

_FADE_MS = 10
_FULL_SCALE = 2**31


def cut(recording: Clip, spans: Sequence[Span]) -> Clip:
    """Concatenate spans of a recording with crossfades, and remove the DC offset."""
    length = recording.sample_rate // FRAMES_PER_SECOND
    offset = np.float32(dc_offset(recording))
    pieces = [
        _to_segment(Clip(recording.samples[start * length : end * length] - offset, recording.sample_rate))
        for start, end in spans
    ]
    whole = pieces[0]
    for piece in pieces[1:]:
        whole = whole.append(piece, crossfade=_FADE_MS)
    return _to_clip(whole.fade_in(_FADE_MS).fade_out(_FADE_MS))


def join(clips: Sequence[Clip], pause_seconds: float) -> Clip:
    """Concatenate clips of one sample rate with pauses between them."""
    pause = np.zeros(int(pause_seconds * clips[0].sample_rate), np.float32)
    parts = [part for clip in clips for part in (pause, clip.samples)][1:]
    return Clip(np.concatenate(parts), clips[0].sample_rate)


def normalised(clip: Clip) -> Clip:
    """Bring a clip to ``TARGET_LUFS``, or as close as the peak ceiling allows."""
    segment = _to_segment(clip)
    gain_db = min(TARGET_LUFS - loudness_lufs(clip), PEAK_CEILING_DBFS - segment.max_dBFS)
    return _to_clip(segment.apply_gain(gain_db))


def _to_segment(clip: Clip) -> AudioSegment:
    scaled = np.clip(clip.samples.astype(np.float64) * _FULL_SCALE, -_FULL_SCALE, _FULL_SCALE - 1)
    return AudioSegment(
        scaled.astype("<i4").tobytes(), sample_width=4, frame_rate=clip.sample_rate, channels=1
    )


def _to_clip(segment: AudioSegment) -> Clip:
    samples: Samples = np.frombuffer(segment.raw_data, "<i4").astype(np.float32) / np.float32(_FULL_SCALE)
    return Clip(samples, segment.frame_rate or CLIP_SAMPLE_RATE)
