"""Upstream's encoders: a clip to a voice's conditionals, as stock's ``prepare_conditionals`` does.

Importing this module takes seconds: ``loading.py`` does, for the first voice that is prepared.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import numpy.typing as npt
import pyloudnorm
import torch
from torch import Tensor, nn
from torchaudio.transforms import Resample

from voices.clips.clip import Clip, Samples
from worker.engine.chatterbox.conditionals import COND_PROMPT_TOKENS, from_upstream
from worker.engine.chatterbox.failure import blaming
from worker.engine.chatterbox.s3gen.batch import FRAMES_PER_TOKEN
from worker.engine.chatterbox.uninitialized import Uninitialized
from worker.engine.chatterbox.upstream import (
    S3_SR,
    S3GEN_SR,
    CAMPPlus,
    S3Tokenizer,
    VoiceEncoder,
    mel_spectrogram,
    without_warnings,
)
from worker.engine.checkpoint import S3GEN_FILE, VOICE_ENCODER_FILE
from worker.engine.weights import Weights, open_weights

_T3_SECONDS = 15
_GEN_SECONDS = 10
_LOUDNESS = -27.0
"""Loudness that the clip is normalised to, in LUFS."""


class VoiceEncoders:
    """S3Gen's speech tokenizer and x-vector encoder, and T3's voice encoder (0.5 GB).

    Raises ``EngineFailure`` that names a damaged file, or one that is not Turbo's.
    """

    def __init__(self, checkpoint: Path, device: torch.device) -> None:
        self._device = device
        s3gen, voice = checkpoint / S3GEN_FILE, checkpoint / VOICE_ENCODER_FILE
        with blaming(s3gen), open_weights(s3gen, device) as weights:
            self.speech_tokenizer = filled(
                lambda: S3Tokenizer("speech_tokenizer_v2_25hz"), weights.under("tokenizer")
            )
            self.x_vector_encoder = filled(
                lambda: CAMPPlus(memory_efficient=False), weights.under("speaker_encoder")
            )
        with blaming(voice), open_weights(voice, device) as weights:
            self.voice_encoder = filled(VoiceEncoder, weights)
        self._resample = Resample(S3GEN_SR, S3_SR).to(device)

    # Upstream computes with gradients: each voice would keep the activations of its x-vector.
    @torch.inference_mode()
    def encode(self, clip: Clip) -> dict[str, npt.NDArray[Any]]:
        """Return the conditionals' arrays, named as in ``conditionals.py``."""
        at_24k = _with_loudness(_resampled(clip.samples, clip.sample_rate, S3GEN_SR))
        at_16k = _resampled(at_24k, S3GEN_SR, S3_SR)
        prompt, _ = self.speech_tokenizer.forward([at_16k[: _T3_SECONDS * S3_SR]], max_len=COND_PROMPT_TOKENS)
        utterances = torch.from_numpy(self.voice_encoder.embeds_from_wavs([at_16k], sample_rate=S3_SR))
        t3 = {
            "speaker_emb": utterances.mean(dim=0, keepdim=True),
            "cond_prompt_speech_tokens": prompt,
        }
        return from_upstream(t3, self._prompt(at_24k[: _GEN_SECONDS * S3GEN_SR]))

    def _prompt(self, samples: Samples) -> dict[str, Tensor]:
        """Return S3Gen's part, as stock's ``embed_ref`` computes it from samples at 24 kHz."""
        at_24k = torch.from_numpy(samples).to(self._device)[None]
        at_16k = self._resample(at_24k)
        mel = mel_spectrogram(at_24k).transpose(1, 2)
        tokens, lengths = self.speech_tokenizer(at_16k)
        whole = mel.shape[1] // FRAMES_PER_TOKEN
        if tokens.shape[1] > whole:
            tokens, lengths[0] = tokens[:, :whole], whole
        return {
            "prompt_token": tokens,
            "prompt_token_len": lengths,
            "prompt_feat": mel,
            "embedding": self.x_vector_encoder.inference(at_16k),
        }


def filled(construct: Callable[[], nn.Module], weights: Weights) -> Any:
    """Construct a module and assign these weights, exactly as many as it has."""
    with Uninitialized(), without_warnings():
        module = construct()
    module.load_state_dict(weights.state(), strict=True, assign=True)
    # Its buffers were made on the CPU.
    return module.to(weights.device).requires_grad_(False).eval()


def _resampled(samples: Samples, sample_rate: int, wanted: int) -> Samples:
    if sample_rate == wanted:
        return samples
    resampled: Samples = librosa.resample(samples, orig_sr=sample_rate, target_sr=wanted)
    return resampled


def _with_loudness(samples: Samples) -> Samples:
    """Normalise the loudness of samples at 24 kHz; silence, which has none, is unchanged."""
    loudness = float(pyloudnorm.Meter(S3GEN_SR).integrated_loudness(samples))
    # Plain floats: a numpy scalar would make numpy 2 widen the samples to float64, which the
    # voice encoder refuses.
    gain = 10.0 ** ((_LOUDNESS - loudness) / 20.0)
    if not math.isfinite(gain) or gain <= 0.0:
        return samples
    return np.asarray(samples * gain, dtype=np.float32)
