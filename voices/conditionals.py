"""Conditionals: everything an engine needs of a voice, as plain arrays under a fingerprint."""

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
    """What ``Engine.prepare`` made of a clip.

    ``fingerprint`` names the encoders that made it: an engine accepts its own and no other.
    Immutable, so that any number of requests can share it.
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
        """Memory that the arrays take."""
        return sum(tensor.nbytes for tensor in self.tensors.values())

    def to_bytes(self) -> bytes:
        """Serialise as safetensors, the fingerprint in its metadata."""
        arrays = {name: np.ascontiguousarray(tensor) for name, tensor in self.tensors.items()}
        data: bytes = safetensors.numpy.save(arrays, metadata={"fingerprint": self.fingerprint})
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> "Conditionals":
        """Read what ``to_bytes`` wrote; raises ``ValueError`` for anything else."""
        try:
            tensors = safetensors.numpy.load(data)
            header_end = _HEADER_LENGTH_BYTES + int.from_bytes(data[:_HEADER_LENGTH_BYTES], "little")
            fingerprint = json.loads(data[_HEADER_LENGTH_BYTES:header_end])["__metadata__"]["fingerprint"]
        except (safetensors.SafetensorError, KeyError, TypeError) as error:
            raise ValueError("not a file of conditionals") from error
        return cls(fingerprint, tensors)
