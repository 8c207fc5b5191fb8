"""The voice encoders of the chatterbox-tts package, imported without warnings.

Importing this module takes seconds: in a worker only the thread that prepares voices does.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_warnings() -> Iterator[None]:
    """Import or construct upstream's modules without their dependencies' deprecation warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


with without_warnings():
    from chatterbox.models.s3gen import S3GEN_SR
    from chatterbox.models.s3gen.utils.mel import mel_spectrogram
    from chatterbox.models.s3gen.xvector import CAMPPlus
    from chatterbox.models.s3tokenizer import S3_SR, S3Tokenizer
    from chatterbox.models.voice_encoder import VoiceEncoder

__all__ = [
    "S3GEN_SR",
    "S3_SR",
    "CAMPPlus",
    "S3Tokenizer",
    "VoiceEncoder",
    "mel_spectrogram",
    "without_warnings",
]
