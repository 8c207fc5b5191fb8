"""A clip's prosody as two numbers: pitch and pace."""

import numpy as np
import numpy.typing as npt

from voices.clips.clip import Clip, Samples

_WINDOW_SECONDS = 0.08
_HOP_SECONDS = 0.02
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 400.0
_VOICED = 0.45
"""Autocorrelation, relative to the frame's power, from which a frame counts as voiced."""
_QUIET = 0.1
"""Relative to the loud frames: quieter frames are ignored."""

_ENVELOPE_HZ = 100
_SYLLABLE_SMOOTHING_SECONDS = 0.12
_SYLLABLE_DIP = 0.15


def pitch_hz(clip: Clip) -> float | None:
    """Return the median pitch of the voiced frames, by autocorrelation; None without voiced frames."""
    frames = _frames(clip)
    if not len(frames):
        return None
    power = np.sqrt(np.mean(np.square(frames), axis=1))
    frames = frames[power > _QUIET * np.percentile(power, 95)]
    size = 2 * frames.shape[1]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(frames.shape[1]), size)) ** 2
    correlation = np.fft.irfft(spectrum)[:, : frames.shape[1]]
    correlation /= np.maximum(correlation[:, :1], 1e-12)
    shortest, longest = int(clip.sample_rate / _HIGHEST_HZ), int(clip.sample_rate / _LOWEST_HZ)
    candidates = correlation[:, shortest:longest]
    voiced = candidates.max(axis=1, initial=0) > _VOICED
    if not voiced.any():
        return None
    periods = shortest + candidates[voiced].argmax(axis=1)
    return float(np.median(clip.sample_rate / periods))


def syllables_per_second(clip: Clip) -> float:
    """Return the syllables per second of speech: the peaks of the smoothed energy envelope."""
    envelope = _envelope(clip)
    spoken = envelope > _QUIET * np.percentile(envelope, 95)
    return _count_peaks(envelope) * _ENVELOPE_HZ / max(int(spoken.sum()), 1)


def _frames(clip: Clip) -> Samples:
    window, hop = int(_WINDOW_SECONDS * clip.sample_rate), int(_HOP_SECONDS * clip.sample_rate)
    if len(clip.samples) < window:
        return np.zeros((0, window), np.float32)
    return np.lib.stride_tricks.sliding_window_view(clip.samples, window)[::hop]


def _envelope(clip: Clip) -> npt.NDArray[np.float64]:
    hop = clip.sample_rate // _ENVELOPE_HZ
    blocks = clip.samples[: len(clip.samples) // hop * hop].reshape(-1, hop)
    level = np.sqrt(np.mean(np.square(blocks, dtype=np.float64), axis=1))
    kernel = np.hanning(int(_SYLLABLE_SMOOTHING_SECONDS * _ENVELOPE_HZ) + 2)
    return np.convolve(level, kernel / kernel.sum(), mode="same")


def _count_peaks(envelope: npt.NDArray[np.float64]) -> int:
    """Count the peaks that exceed the dips around them by ``_SYLLABLE_DIP`` of the loud level."""
    if not envelope.size:
        return 0
    threshold = _SYLLABLE_DIP * float(np.percentile(envelope, 95))
    peaks, top, bottom, rising = 0, 0.0, 0.0, True
    for level in envelope:
        if rising:
            top = max(top, level)
            if level < top - threshold:
                peaks, bottom, rising = peaks + 1, level, False
        else:
            bottom = min(bottom, level)
            if level > bottom + threshold:
                top, rising = level, True
    return peaks
