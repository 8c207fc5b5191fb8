"""Compute a voice's conditionals from its reference clip, as stock's ``prepare_conditionals`` does."""

import math
from typing import Any

import librosa
import numpy as np
import numpy.typing as npt
import pyloudnorm
import torch

from voices.clip import Clip, Samples
from voices.errors import InvalidClip
from worker.engine.chatterbox.conditionals import from_upstream
from worker.engine.chatterbox.loading import COND_PROMPT_TOKENS, ChatterboxModel
from worker.engine.chatterbox.upstream import S3_SR, S3GEN_SR

MIN_SECONDS = 5.0
"""Upstream's limit: a clip must be longer."""

_T3_SECONDS = 15
_GEN_SECONDS = 10
_LOUDNESS = -27.0
"""LUFS that the clip is brought to."""


# Upstream leaves the graph on: each voice would keep the activations of its x-vector.
@torch.inference_mode()
def prepare_tensors(model: ChatterboxModel, clip: Clip) -> dict[str, npt.NDArray[Any]]:
    """Return the conditionals' arrays, named as in ``conditionals.py``.

    Raises ``InvalidClip`` for a clip of 5 s or less.
    """
    if clip.seconds <= MIN_SECONDS:
        raise InvalidClip(
            f"The clip has {clip.seconds:.1f} s of speech: Chatterbox needs more than "
            f"{MIN_SECONDS:.0f} s, and 10 to 15 s are best."
        )
    at_24k = _with_loudness(_resampled(clip.samples, clip.sample_rate, S3GEN_SR))
    at_16k = _resampled(at_24k, S3GEN_SR, S3_SR)
    gen = model.s3gen.embed_ref(at_24k[: _GEN_SECONDS * S3GEN_SR], S3GEN_SR, device=model.device)
    prompt, _ = model.s3gen.tokenizer.forward([at_16k[: _T3_SECONDS * S3_SR]], max_len=COND_PROMPT_TOKENS)
    utterances = torch.from_numpy(model.voice_encoder.embeds_from_wavs([at_16k], sample_rate=S3_SR))
    t3 = {
        "speaker_emb": utterances.mean(dim=0, keepdim=True),
        "cond_prompt_speech_tokens": prompt,
    }
    return from_upstream(t3, gen)


def _resampled(samples: Samples, sample_rate: int, wanted: int) -> Samples:
    if sample_rate == wanted:
        return samples
    resampled: Samples = librosa.resample(samples, orig_sr=sample_rate, target_sr=wanted)
    return resampled


def _with_loudness(samples: Samples) -> Samples:
    """Bring samples at 24 kHz to the target loudness; leave silence, which has none, as it is."""
    loudness = float(pyloudnorm.Meter(S3GEN_SR).integrated_loudness(samples))
    # Plain floats: a numpy scalar would make numpy 2 widen the samples to float64, which the
    # voice encoder refuses.
    gain = 10.0 ** ((_LOUDNESS - loudness) / 20.0)
    if not math.isfinite(gain) or gain <= 0.0:
        return samples
    return np.asarray(samples * gain, dtype=np.float32)
