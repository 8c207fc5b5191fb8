"""A voice's conditionals as named arrays: from upstream's tensors, their checks, and T3's inputs.

t3.speaker_emb                  (1, 256) float32        the voice encoder's
t3.cond_prompt_speech_tokens    (1, up to 375) int64    of the clip's first 15 s
gen.prompt_token                (1, n up to 250) int64  of its first 10 s, or the last of them
gen.prompt_token_len            (1,) int64              n
gen.prompt_feat                 (1, 2n, 80) float32     their mel frames, and one more if the clip ends
                                                        within a token
gen.embedding                   (1, 192) float32        the x-vector
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from voices.conditionals import Conditionals
from voices.errors import VoiceIncompatible
from worker.engine.chatterbox.s3gen.batch import FRAMES_PER_TOKEN

COND_PROMPT_TOKENS = 375
"""Upper bound of T3's prompt in speech tokens: the clip's first 15 s."""

_GEN_PROMPT_TOKENS = 250
"""Upper bound of S3Gen's prompt: 10 s."""
_SPEECH_TOKENS = 6_561
"""Size of the vocabulary. On a GPU a token outside it ends the worker, and every other request with it."""
_T3_NAMES = ("speaker_emb", "cond_prompt_speech_tokens")
_SHAPES: dict[str, tuple[int | None, ...]] = {
    "t3.speaker_emb": (1, 256),
    "t3.cond_prompt_speech_tokens": (1, None),
    "gen.prompt_token": (1, None),
    "gen.prompt_token_len": (1,),
    "gen.prompt_feat": (1, None, 80),
    "gen.embedding": (1, 192),
}
"""None is any length but 0."""
_MOST = {"t3.cond_prompt_speech_tokens": COND_PROMPT_TOKENS, "gen.prompt_token": _GEN_PROMPT_TOKENS}
"""Upper bounds for the arrays of speech tokens."""
_GEN_NAMES = ("prompt_token", "prompt_token_len", "prompt_feat", "embedding")


def from_upstream(t3: Mapping[str, Any], gen: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]]:
    """Copy upstream's tensors to arrays, by the names above."""
    tensors = {f"t3.{name}": _to_array(t3[name]) for name in _T3_NAMES}
    return tensors | {f"gen.{name}": _to_array(gen[name]) for name in _GEN_NAMES}


def with_prompt_of(tensors: Mapping[str, npt.NDArray[Any]], tokens: int) -> dict[str, npt.NDArray[Any]]:
    """Return a voice's arrays with S3Gen's prompt cut to its last ``tokens``, if it has more.

    The speech continues the prompt's end, so its beginning is the same with a shorter prompt;
    ``S3GenSettings.prompt_tokens`` keeps the same tokens. They are those that stock computes from 10 s.
    The x-vector stays that of 10 s and T3's prompt that of 15 s: shortening them would save nothing.
    """
    count = int(tensors["gen.prompt_token_len"][0])
    if tokens >= count:
        return dict(tensors)
    first = count - tokens
    mel = tensors["gen.prompt_feat"][:, FRAMES_PER_TOKEN * first : FRAMES_PER_TOKEN * count]
    # Copies: a view would keep the whole prompt in memory.
    return {
        **tensors,
        "gen.prompt_token": tensors["gen.prompt_token"][:, first:count].copy(),
        "gen.prompt_token_len": np.full_like(tensors["gen.prompt_token_len"], tokens),
        "gen.prompt_feat": mel.copy(),
    }


def read_built_in_voice(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read a checkpoint's ``conds.pt`` without executing code from the pickle."""
    saved = torch.load(path, map_location="cpu", weights_only=True)
    return from_upstream(saved["t3"], saved["gen"])


def check_conditionals(conditionals: Conditionals, fingerprint: str) -> None:
    """Raise ``VoiceIncompatible`` unless the conditionals are of these encoders, complete and valid."""
    if conditionals.fingerprint != fingerprint:
        raise VoiceIncompatible(
            f"The voice's conditionals were made by {conditionals.fingerprint}, and this engine's encoders "
            f"are {fingerprint}: prepare the voice again from its reference clip.",
            field="voice_id",
        )
    if missing := _SHAPES.keys() - conditionals.tensors.keys():
        raise VoiceIncompatible(
            f"The voice's conditionals lack {', '.join(sorted(missing))}: "
            "prepare the voice again from its reference clip.",
            field="voice_id",
        )
    for name, shape in _SHAPES.items():
        if not _fits(conditionals.tensors[name].shape, shape):
            raise VoiceIncompatible(
                f"The voice's {name} has the shape {conditionals.tensors[name].shape}, not {shape}: "
                "prepare the voice again from its reference clip.",
                field="voice_id",
            )
    if wrong := next(_wrong(conditionals.tensors), None):
        raise VoiceIncompatible(
            f"The voice's conditionals are not what an encoder makes ({wrong}): "
            "prepare the voice again from its reference clip.",
            field="voice_id",
        )


def _wrong(tensors: Mapping[str, npt.NDArray[Any]]) -> Iterator[str]:
    """Yield what is invalid in arrays of the right shapes: they come from a volume, and are untrusted."""
    for name in _SHAPES:
        is_integer = name in _MOST or name == "gen.prompt_token_len"
        if tensors[name].dtype.kind != ("i" if is_integer else "f"):
            yield f"{name} is {tensors[name].dtype}"
        elif not is_integer and not np.isfinite(tensors[name]).all():
            yield f"{name} has values that are not finite"
    for name, most in _MOST.items():
        tokens = tensors[name]
        if tokens.size > most:
            yield f"{name} has {tokens.size} tokens, more than {most}"
        elif tokens.min() < 0 or tokens.max() >= _SPEECH_TOKENS:
            yield f"{name} has tokens outside the vocabulary"
    count = tensors["gen.prompt_token"].size
    if tensors["gen.prompt_token_len"][0] != count:
        yield f"gen.prompt_token_len is not {count}"
    frames = tensors["gen.prompt_feat"].shape[1]
    if frames - FRAMES_PER_TOKEN * count not in (0, 1):
        yield f"gen.prompt_feat has {frames} frames for {count} tokens"


def _fits(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(shape) == len(expected) and all(
        size == wanted if wanted is not None else size > 0
        for size, wanted in zip(shape, expected, strict=True)
    )


def t3_inputs(tensors: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return the speaker embedding (1, 256) and the prompt's speech tokens (1, n)."""
    return tensors["t3.speaker_emb"], tensors["t3.cond_prompt_speech_tokens"]


def _to_array(tensor: Tensor) -> npt.NDArray[Any]:
    return np.array(tensor.detach().cpu().numpy())
