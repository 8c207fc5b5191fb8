"""Load a Chatterbox Turbo checkpoint into memory, without initialising the weights first."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import AutoTokenizer

from worker.engine.chatterbox.uninitialized import Uninitialized
from worker.engine.chatterbox.upstream import (
    S3Gen,
    VoiceEncoder,
    without_warnings,
)
from worker.engine.checkpoint import S3GEN_FILE, T3_FILE, VOICE_ENCODER_FILE
from worker.engine.t3.model import T3
from worker.engine.t3.precision import Precision
from worker.errors import EngineFailure

COND_PROMPT_TOKENS = 375
"""Speech tokens of the clip that Turbo's T3 is prompted with at most: 15 s."""

_ALIGNMENT = 64  # bytes, as torch allocates on the CPU


@dataclass(frozen=True, eq=False)
class ChatterboxModel:
    """Our T3 and upstream's other modules, in evaluation mode on ``device``; read-only once loaded."""

    t3: T3
    s3gen: Any
    voice_encoder: Any
    tokenizer: Any
    device: torch.device


def load_model(
    checkpoint: Path, device: torch.device, precision: Precision = Precision.AUTO
) -> ChatterboxModel:
    """Load every part; raises ``EngineFailure`` naming the file that is damaged or not Turbo's.

    Nothing is drawn at random, and the modules take the tensors of the memory-mapped files as
    theirs; what lies there unaligned is copied (see ``_as_stock_has_it``).
    """
    with _blaming(checkpoint / T3_FILE):
        t3 = T3.load(checkpoint / T3_FILE, device, precision)
    s3gen = _from_file(
        checkpoint / S3GEN_FILE, device, lambda state: _filled(lambda: S3Gen(meanflow=True), state)
    )
    voice_encoder = _from_file(
        checkpoint / VOICE_ENCODER_FILE, device, lambda state: _filled(VoiceEncoder, state)
    )
    return ChatterboxModel(
        t3=t3,
        s3gen=s3gen,
        voice_encoder=voice_encoder,
        tokenizer=_load_tokenizer(checkpoint, t3.sizes.text_vocabulary),
        device=device,
    )


def _from_file(path: Path, device: torch.device, build: Callable[[dict[str, Tensor]], nn.Module]) -> Any:
    """Build a module from a safetensors file of its weights, which go straight to the device."""
    with _blaming(path):
        state = {name: _as_stock_has_it(tensor) for name, tensor in load_file(path, str(device)).items()}
        # Its buffers and tables were made on the CPU.
        return build(state).to(device).requires_grad_(False).eval()


@contextmanager
def _blaming(path: Path) -> Iterator[None]:
    """Say which file is at fault."""
    try:
        yield
    except (OSError, SafetensorError, RuntimeError, KeyError, ValueError) as error:
        # torch's message lists every tensor that does not fit: it stays in the cause.
        raise EngineFailure(
            f"{path} is damaged or is not Chatterbox Turbo's {path.name} "
            f"({type(error).__name__}): download it again."
        ) from error


def _as_stock_has_it(tensor: Tensor) -> Tensor:
    """Return a tensor as stock's copy into a fresh float32 module is: widened, and aligned in memory.

    A file aligns its tensors to 8 bytes, and CPU kernels round differently on such addresses. The
    copy is read ahead besides, which page faults during the first request would not be.
    """
    if tensor.is_floating_point():
        tensor = tensor.float()
    return tensor if tensor.data_ptr() % _ALIGNMENT == 0 else tensor.clone()


def _filled(construct: Callable[[], nn.Module], state: Mapping[str, Tensor]) -> nn.Module:
    """Construct a module and give it the very tensors of ``state``, all of them and no others."""
    with Uninitialized(), without_warnings():
        module = construct()
    module.load_state_dict(state, strict=True, assign=True)
    return module


def _load_tokenizer(checkpoint: Path, vocabulary: int) -> Any:
    """Load the GPT-2 tokenizer; raises ``EngineFailure`` unless it has T3's ``vocabulary``."""
    try:
        with without_warnings():
            tokenizer = AutoTokenizer.from_pretrained(checkpoint, local_files_only=True)
    except Exception as error:  # the tokenizers library raises bare Exceptions
        raise EngineFailure(
            f"The tokenizer in {checkpoint} cannot be read ({type(error).__name__}): download it again."
        ) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if len(tokenizer) != vocabulary:
        raise EngineFailure(
            f"The tokenizer in {checkpoint} has {len(tokenizer)} tokens where T3 has {vocabulary}: "
            "its files are incomplete or of another model; download them again."
        )
    return tokenizer
