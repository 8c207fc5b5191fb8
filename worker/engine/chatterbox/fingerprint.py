"""Identify the encoders that ``prepare`` uses by their weights. Never imports torch."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from worker.engine.checkpoint import S3GEN_FILE, VOICE_ENCODER_FILE

PREPARATION = b"1"
"""The version of ``prepare``: raise it when the same weights and clip give another result."""

_SAMPLED_BLOCKS = 32
_BLOCK_BYTES = 4096
_LENGTH_BYTES = 8
_DIGITS = 12


def encoders_fingerprint(engine: str, checkpoint: Path) -> str:
    """Return ``<engine>-<12 hex digits>`` for the voice encoder and S3Gen of a checkpoint.

    It reads all of the voice encoder (6 MB). S3Gen is 1 GB, which would take seconds of a cold start, so it
    reads its size, its header (every tensor's name and shape) and evenly spaced blocks: another training
    differs in every block. ``prepare`` does not use T3.
    """
    digest = hashlib.sha256(PREPARATION)
    digest.update((checkpoint / VOICE_ENCODER_FILE).read_bytes())
    for block in _sampled(checkpoint / S3GEN_FILE):
        digest.update(block)
    return f"{engine}-{digest.hexdigest()[:_DIGITS]}"


def _sampled(path: Path) -> Iterator[bytes]:
    """Yield a safetensors file's size, its header, and evenly spaced blocks, the last one at its end."""
    size = path.stat().st_size
    yield size.to_bytes(_LENGTH_BYTES, "little")
    with path.open("rb", buffering=0) as file:
        header_length = _header_length(file, size)
        yield file.read(header_length)
        first = _LENGTH_BYTES + header_length
        span = max(size - first - _BLOCK_BYTES, 0)
        for index in range(_SAMPLED_BLOCKS):
            file.seek(first + span * index // (_SAMPLED_BLOCKS - 1))
            yield file.read(_BLOCK_BYTES)


def _header_length(file: BinaryIO, size: int) -> int:
    """Read the header's length; a damaged file cannot make it exceed the file's."""
    return min(int.from_bytes(file.read(_LENGTH_BYTES), "little"), size)
