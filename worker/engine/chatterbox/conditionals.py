"""A voice's conditionals, between the plain arrays that are kept and the objects that upstream takes.

t3.speaker_emb                  (1, 256) float32        the voice encoder's
t3.cond_prompt_speech_tokens    (1, up to 375) int64    of the clip's first 15 s
gen.prompt_token                (1, n up to 250) int64  of its first 10 s
gen.prompt_token_len            (1,) int64              n
gen.prompt_feat                 (1, 2n, 80) float32     their mel frames
gen.embedding                   (1, 192) float32        the x-vector
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from voices.conditionals import Conditionals
from voices.errors import VoiceIncompatible

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
_GEN_NAMES = ("prompt_token", "prompt_token_len", "prompt_feat", "embedding")


def from_upstream(t3: Mapping[str, Any], gen: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]]:
    """Copy upstream's tensors out, by the names above."""
    tensors = {f"t3.{name}": _to_array(t3[name]) for name in _T3_NAMES}
    return tensors | {f"gen.{name}": _to_array(gen[name]) for name in _GEN_NAMES}


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
