"""What is used of the chatterbox-tts package, imported without its warnings, prints and progress bars.

Importing this module takes seconds: of a worker only the thread that prepares voices does.
"""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without_warnings() -> Iterator[None]:
    """Import or construct upstream's modules; their dependencies' deprecations are not a user's to act on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


with without_warnings():
    import perth
    from chatterbox.models.s3gen import S3GEN_SR, S3Gen, flow_matching
    from chatterbox.models.s3gen.const import S3GEN_SIL
    from chatterbox.models.s3gen.utils.mel import mel_spectrogram
    from chatterbox.models.s3gen.xvector import CAMPPlus
    from chatterbox.models.s3tokenizer import S3_SR, SPEECH_VOCAB_SIZE, S3Tokenizer
    from chatterbox.models.t3 import T3
    from chatterbox.models.t3.llama_configs import LLAMA_CONFIGS
    from chatterbox.models.t3.modules.cond_enc import T3Cond
    from chatterbox.models.t3.modules.t3_config import T3Config
    from chatterbox.models.voice_encoder import VoiceEncoder
    from chatterbox.tts_turbo import punc_norm

__all__ = [
    "LLAMA_CONFIGS",
    "S3GEN_SIL",
    "S3GEN_SR",
    "S3_SR",
    "SPEECH_VOCAB_SIZE",
    "T3",
    "CAMPPlus",
    "S3Gen",
    "S3Tokenizer",
    "T3Cond",
    "T3Config",
    "VoiceEncoder",
    "mel_spectrogram",
    "perth",
    "punc_norm",
    "without_warnings",
]


def _print_nothing(*_: object) -> None:
    """Stand in for ``print``."""


def _show_nothing(steps: Iterable[Any], **_: object) -> Iterable[Any]:
    """Stand in for ``tqdm``."""
    return steps


# The flow prints a line and draws a bar for every call. Only its own module's names are replaced.
vars(flow_matching).update(print=_print_nothing, tqdm=_show_nothing)
