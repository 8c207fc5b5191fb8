"""A voice's conditionals, between the plain arrays that are kept and the objects that upstream takes.

t3.speaker_emb                  (1, 256) float32        the voice encoder's
t3.cond_prompt_speech_tokens    (1, up to 375) int64    of the clip's first 15 s
gen.prompt_token                (1, n up to 250) int64  of its first 10 s, or the last of them
gen.prompt_token_len            (1,) int64              n
gen.prompt_feat                 (1, 2n, 80) float32     their mel frames, one more of a clip that ends
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
"""Speech tokens of the clip that Turbo's T3 is prompted with at most: 15 s."""

_GEN_PROMPT_TOKENS = 250
"""And of S3Gen's: 10 s."""
_SPEECH_TOKENS = 6_561
"""Of S3's vocabulary. One beyond it would end a GPU's worker, and all that others have it speak."""
_T3_NAMES = ("speaker_emb", "cond_prompt_speech_tokens")
_SHAPES: dict[str, tuple[int | None, ...]] = {
    "t3.speaker_emb": (1, 256),
    "t3.cond_prompt_speech_tokens": (1, None),
    "gen.prompt_token": (1, None),
    "gen.prompt_token_len": (1,),
    "gen.prompt_feat": (1, None, 80),
    "gen.embedding": (1, 192),
}
"""None is any length but zero."""
_MOST = {"t3.cond_prompt_speech_tokens": COND_PROMPT_TOKENS, "gen.prompt_token": _GEN_PROMPT_TOKENS}
"""Lengths of those that are speech tokens."""
_GEN_NAMES = ("prompt_token", "prompt_token_len", "prompt_feat", "embedding")


def from_upstream(t3: Mapping[str, Any], gen: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]]:
    """Copy upstream's tensors out, by the names above."""
    tensors = {f"t3.{name}": _to_array(t3[name]) for name in _T3_NAMES}
    return tensors | {f"gen.{name}": _to_array(gen[name]) for name in _GEN_NAMES}


def with_prompt_of(tensors: Mapping[str, npt.NDArray[Any]], tokens: int) -> dict[str, npt.NDArray[Any]]:
    """Return a voice's arrays with S3Gen's prompt cut to its last ``tokens``, if it has more.

    The last, because the speech is decoded as what follows them, so that its beginning hears the
    same end of the clip behind whatever prompt; ``S3GenSettings.prompt_tokens`` takes the same.
    They were made of the stock's 10 s, and are as they would be in the whole prompt. The x-vector
    stays that of 10 s, and T3's own prompt that of 15 s: no decode costs less with a shorter one.
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
    """Read a checkpoint's ``conds.pt`` without running what a pickle may hold."""
    saved = torch.load(path, map_location="cpu", weights_only=True)
    return from_upstream(saved["t3"], saved["gen"])


def check_conditionals(conditionals: Conditionals, fingerprint: str) -> None:
    """Raise ``VoiceIncompatible`` unless the conditionals are of these encoders, and whole."""
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
    """Say what of tensors of the right shapes no engine could compute with: anybody may have written them."""
    for name in _SHAPES:
        is_integer = name in _MOST or name == "gen.prompt_token_len"
        if tensors[name].dtype.kind != ("i" if is_integer else "f"):
            yield f"{name} is {tensors[name].dtype}"
        elif not is_integer and not np.isfinite(tensors[name]).all():
            yield f"{name} has numbers that are none"
    for name, most in _MOST.items():
        tokens = tensors[name]
        if tokens.size > most:
            yield f"{name} has {tokens.size} tokens, of {most} at most"
        elif tokens.min() < 0 or tokens.max() >= _SPEECH_TOKENS:
            yield f"{name} has tokens that there are not"
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
