"""Conditionals: all that an engine needs of a voice, as NumPy arrays under a fingerprint."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

FINGERPRINT = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")

_HEADER_LENGTH_BYTES = 8


@dataclass(frozen=True, eq=False)
class Conditionals:
    """The result of ``Engine.prepare`` for one clip.

    ``fingerprint`` names the encoders that computed it; an engine accepts only its own. The arrays are
    read-only, so that any number of requests can share them.
    """

    fingerprint: str
    tensors: Mapping[str, npt.NDArray[Any]]

    def __post_init__(self) -> None:
        if not FINGERPRINT.fullmatch(self.fingerprint):
            raise ValueError(f"{self.fingerprint!r} is not a fingerprint")
        for tensor in self.tensors.values():
            tensor.flags.writeable = False

    @property
    def nbytes(self) -> int:
        """Size of the arrays in memory, in bytes."""
        return sum(tensor.nbytes for tensor in self.tensors.values())

    def to_bytes(self) -> bytes:
        """Serialise as safetensors, with the fingerprint in the metadata."""
        arrays = {name: np.ascontiguousarray(tensor) for name, tensor in self.tensors.items()}
        data: bytes = safetensors.numpy.save(arrays, metadata={"fingerprint": self.fingerprint})
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> "Conditionals":
        """Parse the output of ``to_bytes``; raises ``ValueError`` for anything else."""
        try:
            tensors = safetensors.numpy.load(data)
            header_end = _HEADER_LENGTH_BYTES + int.from_bytes(data[:_HEADER_LENGTH_BYTES], "little")
            fingerprint = json.loads(data[_HEADER_LENGTH_BYTES:header_end])["__metadata__"]["fingerprint"]
        except (safetensors.SafetensorError, KeyError, TypeError) as error:
            raise ValueError("not a file of conditionals") from error
        return cls(fingerprint, tensors)
