"""Similarity of two voices, and of two renderings of the same speech."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import soxr

from voices.clips.clip import Clip, Samples

_DB = 20 / np.log(10)
"""Decibels per unit of a natural logarithm."""


class SpeakerSimilarity:
    """Similarity by a checkpoint's voice encoder, which also conditions T3."""

    def __init__(self, checkpoint: Path) -> None:
        from safetensors.torch import load_file

        from worker.engine.chatterbox.upstream import VoiceEncoder, without_warnings
        from worker.engine.checkpoint import VOICE_ENCODER_FILE

        with without_warnings():
            self._encoder: Any = VoiceEncoder().eval()
        self._encoder.load_state_dict(load_file(checkpoint / VOICE_ENCODER_FILE))

    def embedding(self, clip: Clip) -> npt.NDArray[np.float32]:
        """Return a voice's embedding, of length 1: (256,)."""
        import torch

        from worker.engine.chatterbox.upstream import S3_SR

        samples = soxr.resample(clip.samples, clip.sample_rate, S3_SR)
        with torch.inference_mode():
            utterances = np.asarray(self._encoder.embeds_from_wavs([samples], sample_rate=S3_SR))
        mean = utterances.mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)

    def between(self, one: Clip, other: Clip) -> float:
        """Return the cosine between two voices; 1 means identical."""
        return float(self.embedding(one) @ self.embedding(other))


class MelDistance(NamedTuple):
    """Distance between two renderings."""

    mean_db: float
    worst_db: float
    worst_at_s: float
    """Time of the worst frame."""


def mel_distance(one: Samples, other: Samples) -> MelDistance | None:
    """Compare speech at 24 kHz frame by frame, by S3Gen's own mel; None if the lengths differ.

    Another length means another utterance, which cannot be compared.
    """
    if len(one) != len(other):
        return None
    differences = _mel(one) - _mel(other)
    frames = _DB * np.sqrt(np.mean(differences**2, axis=0))
    worst = int(frames.argmax())
    return MelDistance(float(frames.mean()), float(frames[worst]), worst / _FRAMES_PER_SECOND)


_FRAMES_PER_SECOND = 50


def _mel(samples: Samples) -> npt.NDArray[np.float32]:
    """Return natural logarithms: (80, frames)."""
    from worker.engine.chatterbox.upstream import without_warnings

    with without_warnings():
        from chatterbox.models.s3gen.utils.mel import mel_spectrogram

        return np.asarray(mel_spectrogram(samples)[0], np.float32)
