"""Chatterbox Turbo: upstream's weights and modules, our decode loop, one text chunk at a time."""

import gc
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from voices.clip import Clip, Samples
from voices.conditionals import Conditionals
from voices.errors import ChatterpodError, UnknownVoice
from worker.engine.base import Engine, IsCancelled, SpeechBlock, SpeechOptions
from worker.engine.chatterbox import conditionals as voice
from worker.engine.chatterbox.device_voices import DeviceVoices, Tensors
from worker.engine.chatterbox.fingerprint import encoders_fingerprint
from worker.engine.chatterbox.loading import ChatterboxModel, load_model
from worker.engine.chatterbox.preparation import prepare_tensors
from worker.engine.chatterbox.speech_tokens import (
    MAX_SPEECH_TOKENS,
    Sampling,
    decode_speech_tokens,
    embed_prompt,
    token_budget,
)
from worker.engine.chatterbox.upstream import S3GEN_SIL, S3GEN_SR, SPEECH_VOCAB_SIZE, punc_norm
from worker.engine.chatterbox.watermark import Watermark
from worker.engine.checkpoint import BUILT_IN_VOICE_FILE
from worker.errors import EngineFailure

logger = logging.getLogger(__name__)

_FLOW_STEPS = 2
_TRAILING_SILENCE = [S3GEN_SIL] * 3
_SEED_BITS = 63


class ChatterboxTurbo(Engine):
    """The engine over a complete checkpoint directory (see ``checkpoint.require_checkpoint``).

    ``device`` is a torch device, or "auto": CUDA where there is one. ``watermark`` marks every
    sample. ``budget`` cuts runaway speech by its text's length, long before stock's 40 s. Voices
    stay on the device while they take no more than ``max_voice_bytes``.
    Raises ``EngineFailure`` when the checkpoint cannot be loaded.
    """

    name = "chatterbox-turbo"
    sample_rate = S3GEN_SR
    options = frozenset({"seed", "temperature", "top_p", "top_k", "repetition_penalty"})

    def __init__(
        self,
        checkpoint: Path,
        *,
        device: str = "auto",
        watermark: bool = True,
        budget: bool = True,
        max_voice_bytes: int = 1 << 28,
    ) -> None:
        with _failing_as_engine("be loaded"):
            self.fingerprint = encoders_fingerprint(self.name, checkpoint)
            model = load_model(checkpoint, _device(device))
            self._watermark = Watermark() if watermark else None
        self._model: ChatterboxModel | None = model
        self._voices = DeviceVoices(model.device, max_voice_bytes)
        self.watermarks = watermark
        self._budget = budget
        self._built_in_voice = checkpoint / BUILT_IN_VOICE_FILE

    def prepare(self, clip: Clip) -> Conditionals:
        """Compute a voice's conditionals; raises ``InvalidClip`` for a clip of 5 s or less."""
        with _failing_as_engine("prepare the voice"):
            return Conditionals(self.fingerprint, prepare_tensors(self._open_model(), clip))

    def default_conditionals(self) -> Conditionals:
        """Return the checkpoint's built-in voice; raises ``UnknownVoice`` when it has none."""
        if not self._built_in_voice.is_file():
            raise UnknownVoice("default")
        with _failing_as_engine(f"read the built-in voice from {self._built_in_voice}"):
            return Conditionals(self.fingerprint, voice.read_built_in_voice(self._built_in_voice))

    def stream(
        self, text: str, conditionals: Conditionals, options: SpeechOptions, cancelled: IsCancelled
    ) -> Iterator[SpeechBlock]:
        """Speak one text chunk: yield it as one block, or none when cancelled or blank.

        The samples are those of stock's ``generate`` after ``torch.manual_seed(seed)``, clipped to
        [-1, 1]; without a seed they differ each time.
        """
        model = self._open_model()
        voice.check_conditionals(conditionals, self.fingerprint)
        if not text.strip():
            return
        with _failing_as_engine("speak"):
            block = self._speak(model, punc_norm(text), conditionals, options, cancelled)
        if block is not None:
            yield block

    def close(self) -> None:
        """Give back the model's memory."""
        self._model = self._watermark = None
        self._voices.clear()
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _open_model(self) -> ChatterboxModel:
        if self._model is None:
            raise EngineFailure("The engine was closed: start another one.")
        return self._model

    def _speak(
        self,
        model: ChatterboxModel,
        text: str,
        conditionals: Conditionals,
        options: SpeechOptions,
        cancelled: IsCancelled,
    ) -> SpeechBlock | None:
        """Return a normalised text as speech, or None once ``cancelled()`` is true."""
        with _random_state(model.device, options.seed), torch.inference_mode():
            tensors = self._voices.get(conditionals)
            tokens = self._speech_tokens(model, text, tensors, Sampling.from_options(options), cancelled)
            if cancelled():
                return None
            samples = _samples_of(model, tokens, tensors)
        if self._watermark is not None:
            samples = self._watermark.apply(samples)
        return SpeechBlock(np.clip(samples, -1.0, 1.0), speech_tokens=len(tokens))

    def _speech_tokens(
        self,
        model: ChatterboxModel,
        text: str,
        tensors: Tensors,
        sampling: Sampling,
        cancelled: IsCancelled,
    ) -> list[int]:
        encoded = model.tokenizer(text, return_tensors="pt", padding=True, truncation=True)
        text_tokens = encoded.input_ids.to(model.device)
        prompt = embed_prompt(model.t3, voice.t3_cond(tensors), text_tokens)
        limit = token_budget(text) if self._budget else MAX_SPEECH_TOKENS
        return list(decode_speech_tokens(model.t3, prompt, sampling, cancelled, limit))


def _samples_of(model: ChatterboxModel, speech_tokens: list[int], tensors: Tensors) -> Samples:
    """Decode speech tokens, the start and stop tokens among them dropped, to samples (n,)."""
    kept = [token for token in speech_tokens if token < SPEECH_VOCAB_SIZE]
    decoded, _ = model.s3gen.inference(
        speech_tokens=torch.tensor(kept + _TRAILING_SILENCE, device=model.device),
        ref_dict=voice.gen_dict(tensors),
        n_cfm_timesteps=_FLOW_STEPS,
    )
    samples: Samples = decoded.squeeze(0).float().cpu().numpy()
    return samples


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


@contextmanager
def _random_state(device: torch.device, seed: int | None) -> Iterator[None]:
    """Seed torch's generators, which upstream draws from, and put them back afterwards.

    None is a fresh seed: torch itself begins every process with the same one.
    """
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(secrets.randbits(_SEED_BITS) if seed is None else seed)
        yield


@contextmanager
def _failing_as_engine(task: str) -> Iterator[None]:
    """Turn what the model raises into ``EngineFailure``; the details go to the log, not to the client."""
    try:
        yield
    except ChatterpodError:
        raise
    except Exception as error:
        logger.exception("Chatterbox could not %s", task)
        raise EngineFailure(
            f"Chatterbox could not {task} ({type(error).__name__}): the worker's log has the details."
        ) from error
