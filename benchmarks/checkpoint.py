"""Checkpoints for benchmarks: the given one, or synthetic ones written once."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from worker.engine.weights import Weights

CACHE = Path(__file__).parents[1] / ".cache" / "checkpoints"

FULL_SPEECH_TOKENS = 250
"""Length of every utterance of the full-size synthetic checkpoint: 10 s."""

_LARGEST_SMALL_T3 = 1 << 29


def find_or_write(named: Path | None, t3: Literal["full", "small"]) -> Path:
    """Return a checkpoint's directory; write a synthetic one (1.2 or 3 GB) if none is given."""
    if named is not None:
        return named
    from synthetic.checkpoint import LONGEST, SHORTEST, write_synthetic_checkpoint
    from worker.engine.checkpoint import missing_files

    directory = CACHE / t3
    if not directory.is_dir() or missing_files(directory):
        lengths = (FULL_SPEECH_TOKENS, FULL_SPEECH_TOKENS) if t3 == "full" else (SHORTEST, LONGEST)
        write_synthetic_checkpoint(directory, t3=t3, speech_tokens=lengths)
    return directory


def find_or_write_speaking(
    named: Path | None, speech_tokens: int, t3: Literal["full", "small"] = "full"
) -> Path:
    """Return a checkpoint whose utterances all have this number of speech tokens.

    A given checkpoint speaks as long as its text needs.
    """
    usual = find_or_write(named, t3)
    if named is not None or (t3 == "full" and speech_tokens == FULL_SPEECH_TOKENS):
        return usual
    directory = CACHE / f"{t3}-{speech_tokens}"
    if not directory.is_dir():
        from synthetic.checkpoint import write_with_length

        write_with_length(directory, usual, speech_tokens, t3)
    return directory


@contextmanager
def s3gen_and_voice(
    checkpoint: Path, device: "torch.device"
) -> Iterator[tuple["Weights", dict[str, "Tensor"]]]:
    """Map a checkpoint's S3Gen and read its built-in voice, both on the device."""
    import torch

    from worker.engine.chatterbox.conditionals import read_built_in_voice
    from worker.engine.checkpoint import BUILT_IN_VOICE_FILE, S3GEN_FILE
    from worker.engine.weights import open_weights

    arrays = read_built_in_voice(checkpoint / BUILT_IN_VOICE_FILE)
    with open_weights(checkpoint / S3GEN_FILE, device) as weights:
        yield weights, {name: torch.tensor(array, device=device) for name, array in arrays.items()}


def read_ahead(checkpoint: Path) -> None:
    """Read the files into the page cache, so that the first loader is not at a disadvantage."""
    for path in checkpoint.glob("*.safetensors"):
        with path.open("rb", buffering=0) as file:
            while file.read(1 << 24):
                pass


def stock_finds_its_sizes(checkpoint: Path) -> AbstractContextManager[None]:
    """Let stock build a T3 of the checkpoint's size: it has a fixed table, where ours reads the file."""
    from worker.engine.checkpoint import T3_FILE

    if (checkpoint / T3_FILE).stat().st_size > _LARGEST_SMALL_T3:
        return nullcontext()
    from synthetic.checkpoint import small_gpt2_medium

    return small_gpt2_medium()
