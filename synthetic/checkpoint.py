"""Write a checkpoint of random weights in exactly the format of ResembleAI/chatterbox-turbo.

It takes as much memory and time as the real one, so that tests and benchmarks need no download. It speaks
noise.
"""

import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from synthetic.clock import wind_clock
from synthetic.stock import LLAMA_CONFIGS, SPEECH_VOCAB_SIZE, T3, S3Gen, T3Config
from synthetic.tokenizer import VOCABULARY, write_tokenizer
from worker.engine.chatterbox.conditionals import COND_PROMPT_TOKENS
from worker.engine.chatterbox.uninitialized import Uninitialized
from worker.engine.chatterbox.upstream import VoiceEncoder, without_warnings
from worker.engine.checkpoint import BUILT_IN_VOICE_FILE, REPO_ID, S3GEN_FILE, T3_FILE, VOICE_ENCODER_FILE

MARKER_FILE = "SYNTHETIC.md"

SHORTEST, LONGEST = 50, 125
"""Speech tokens of an utterance: 2 to 5 s."""

_F0_BIAS = 120.0  # Hz: without it the vocoder's source module would treat every frame as unvoiced

_BACKBONE = "GPT2_medium"
_SMALL_SIZES = {"hidden_size": 128, "n_embd": 128, "n_head": 2, "n_layer": 2}

_MARKER = f"""# A synthetic checkpoint

Random weights under the names, shapes and types of {REPO_ID}, written by
`synthetic/checkpoint.py` for tests and benchmarks. It makes noise, not speech.
"""


def write_synthetic_checkpoint(
    directory: Path,
    *,
    seed: int = 0,
    t3: Literal["full", "small"] = "full",
    speech_tokens: tuple[int, int] = (SHORTEST, LONGEST),
) -> None:
    """Write a checkpoint (3 GB; 1.2 GB with a small T3) that stock's ``from_local`` loads.

    Every utterance has a number of speech tokens within the bounds ``speech_tokens``, whatever its text. The
    same arguments write the same files. Replaces a synthetic checkpoint; raises ``FileExistsError`` for a
    directory with other content.
    """
    if directory.exists() and any(directory.iterdir()) and not (directory / MARKER_FILE).is_file():
        raise FileExistsError(f"{directory} is not empty and holds no synthetic checkpoint: left unchanged")
    directory.parent.mkdir(parents=True, exist_ok=True)
    # In the same directory as the target, so that the rename is atomic: no reader sees a partial checkpoint.
    staging = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        generator = torch.Generator().manual_seed(seed)
        _write_t3(staging / T3_FILE, generator, t3, speech_tokens)
        _write_rest(staging, generator)
        staging.chmod(0o755)
        if directory.exists():
            shutil.rmtree(directory)
        staging.rename(directory)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def write_synthetic_t3(
    path: Path,
    *,
    seed: int = 0,
    t3: Literal["full", "small"] = "full",
    speech_tokens: tuple[int, int] = (SHORTEST, LONGEST),
) -> None:
    """Write only the T3: with the other files of a synthetic checkpoint it speaks at another length."""
    _write_t3(path, torch.Generator().manual_seed(seed), t3, speech_tokens)


def write_with_length(
    directory: Path, other: Path, speech_tokens: int, t3: Literal["full", "small"] = "full"
) -> None:
    """Write a checkpoint with another speech length: a T3 (2 GB if full), and hard links to ``other``.

    Every utterance has ``speech_tokens`` speech tokens. ``directory`` must be on ``other``'s file system.
    """
    staging = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        for file in other.iterdir():
            if file.name != T3_FILE:
                os.link(file, staging / file.name)
        write_synthetic_t3(staging / T3_FILE, t3=t3, speech_tokens=(speech_tokens, speech_tokens))
        staging.chmod(0o755)
        staging.rename(directory)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write_t3(path: Path, generator: torch.Generator, t3: str, speech_tokens: tuple[int, int]) -> None:
    with small_gpt2_medium() if t3 == "small" else nullcontext():
        _write_module(path, _random_t3(generator, speech_tokens))


@contextmanager
def small_gpt2_medium() -> Iterator[None]:
    """Within it, stock's ``ChatterboxTurboTTS.from_local`` builds the small T3 for "GPT2_medium".

    Stock takes the sizes from a table; the worker reads them from the tensors.
    """
    full = LLAMA_CONFIGS[_BACKBONE]
    LLAMA_CONFIGS[_BACKBONE] = {**full, **_SMALL_SIZES}
    try:
        yield
    finally:
        LLAMA_CONFIGS[_BACKBONE] = full


def _write_rest(directory: Path, generator: torch.Generator) -> None:
    _write_module(directory / S3GEN_FILE, _random_s3gen(generator))
    _write_module(directory / VOICE_ENCODER_FILE, _random_module(VoiceEncoder, generator))
    torch.save(_random_voice(generator), directory / BUILT_IN_VOICE_FILE)
    write_tokenizer(directory)
    (directory / MARKER_FILE).write_text(_MARKER)


def _write_module(path: Path, module: nn.Module) -> None:
    save_file({name: tensor.contiguous() for name, tensor in module.state_dict().items()}, path)
    path.chmod(0o644)  # safetensors writes private files, and an image runs as another user


def _random_t3(generator: torch.Generator, speech_tokens: tuple[int, int]) -> Any:
    hp = T3Config(text_tokens_dict_size=VOCABULARY)
    hp.llama_config_name = _BACKBONE
    hp.speech_tokens_dict_size = SPEECH_VOCAB_SIZE + 2
    hp.input_pos_emb = None
    hp.speech_cond_prompt_len = COND_PROMPT_TOKENS
    hp.use_perceiver_resampler = False
    hp.emotion_adv = False
    t3 = _random_module(lambda: T3(hp), generator)
    for name, parameter in t3.tfmr.named_parameters():
        if "c_proj" in name:  # GPT-2's initialization: keeps the scale of the residual stream over all layers
            parameter.div_(math.sqrt(2 * t3.cfg.n_layer))
    wind_clock(t3, generator, *speech_tokens)
    return t3


def _random_s3gen(generator: torch.Generator) -> Any:
    s3gen = _random_module(lambda: S3Gen(meanflow=True), generator)
    s3gen.mel2wav.f0_predictor.classifier.bias.fill_(_F0_BIAS)
    return s3gen


def _random_module(construct: Any, generator: torch.Generator) -> Any:
    """Construct a module and fill its parameters; computed buffers keep their values."""
    with Uninitialized(), without_warnings():
        module = construct().requires_grad_(False)
    for owner in module.modules():
        for name, parameter in owner.named_parameters(recurse=False):
            _fill(owner, name, parameter, generator)
    _normalize_weight_norms(module)
    return module


def _fill(owner: nn.Module, name: str, parameter: Tensor, generator: torch.Generator) -> None:
    """Fill one parameter so that activations keep roughly their scale from layer to layer."""
    if parameter.ndim < 2:  # noqa: PLR2004 - a vector: a bias, or the weights of a norm
        parameter.fill_(0.0 if "bias" in name else 1.0)
        return
    if isinstance(owner, nn.Embedding):
        bound = 0.04
    else:
        # transformers' Conv1D has (in, out), torch's modules (out, in, ...).
        transposed = type(owner).__name__ == "Conv1D" or isinstance(owner, nn.ConvTranspose1d)
        fan_in = parameter.shape[0] if transposed else parameter[0].numel()
        bound = 1.0 / math.sqrt(max(fan_in, 1))
    parameter.uniform_(-bound, bound, generator=generator)


def _normalize_weight_norms(module: nn.Module) -> None:
    """Give each weight norm the magnitude of its direction, so that the weight equals the direction."""
    for name, magnitude in module.named_parameters():
        if name.endswith("original0"):
            direction = module.get_parameter(name[:-1] + "1")
            magnitude.copy_(torch.norm_except_dim(direction, 2, 0))


def _random_voice(generator: torch.Generator) -> dict[str, dict[str, Any]]:
    """Return a built-in voice in the format of upstream's ``Conditionals.save``."""

    def codes(count: int) -> Tensor:
        return torch.randint(SPEECH_VOCAB_SIZE, (1, count), generator=generator)

    speaker = torch.rand(1, 256, generator=generator)
    t3 = {
        "speaker_emb": speaker / speaker.norm(),
        "clap_emb": None,
        "cond_prompt_speech_tokens": codes(COND_PROMPT_TOKENS),
        "cond_prompt_speech_emb": None,
        "emotion_adv": torch.full((1, 1, 1), 0.5),
    }
    gen = {
        "prompt_token": codes(250),
        "prompt_token_len": torch.tensor([250]),
        "prompt_feat": torch.randn(1, 500, 80, generator=generator) - 5.0,
        "prompt_feat_len": None,
        "embedding": torch.randn(1, 192, generator=generator),
    }
    return {"t3": t3, "gen": gen}
