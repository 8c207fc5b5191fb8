"""The modules of stock Chatterbox that the worker never builds, without their prints and progress bars.

Importing this module takes seconds.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from worker.engine.chatterbox.encoders import filled
from worker.engine.chatterbox.upstream import without_warnings
from worker.engine.checkpoint import S3GEN_FILE
from worker.engine.weights import open_weights

with without_warnings():
    from chatterbox.models.s3gen import S3Gen, flow_matching
    from chatterbox.models.s3tokenizer import SPEECH_VOCAB_SIZE
    from chatterbox.models.t3 import T3
    from chatterbox.models.t3.llama_configs import LLAMA_CONFIGS
    from chatterbox.models.t3.modules.cond_enc import T3Cond
    from chatterbox.models.t3.modules.t3_config import T3Config

__all__ = ["LLAMA_CONFIGS", "SPEECH_VOCAB_SIZE", "T3", "S3Gen", "T3Cond", "T3Config", "load_stock_s3gen"]


def _print_nothing(*_: object) -> None:
    """Stand in for ``print``."""


def _show_nothing(steps: Iterable[Any], **_: object) -> Iterable[Any]:
    """Stand in for ``tqdm``."""
    return steps


# The flow prints a line and a progress bar at every call. Only the names in its own module are replaced.
vars(flow_matching).update(print=_print_nothing, tqdm=_show_nothing)


def load_stock_s3gen(checkpoint: Path, device: torch.device) -> Any:
    """Return stock's S3Gen with a checkpoint's weights."""
    with open_weights(checkpoint / S3GEN_FILE, device) as weights:
        return filled(lambda: S3Gen(meanflow=True), weights)
