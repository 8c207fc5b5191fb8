"""A checkpoint's tensors by their upstream names, without upstream's modules."""

import ctypes
import mmap
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

_POPULATE_READ = 22
"""MADV_POPULATE_READ (Linux 5.14); Python has no name for it."""


def map_in(tensor: Tensor) -> Tensor:
    """Prefault the pages of a mapped file's tensor, and return it: one call is faster than a fault per page.

    Does nothing on a system without MADV_POPULATE_READ.
    """
    if sys.platform == "linux" and tensor.device.type == "cpu":
        first = tensor.data_ptr() // mmap.PAGESIZE * mmap.PAGESIZE
        length = tensor.data_ptr() + tensor.nbytes - first
        ctypes.CDLL(None).madvise(ctypes.c_void_p(first), ctypes.c_size_t(length), _POPULATE_READ)
    return tensor


ReadTensor = Callable[[str], Tensor]


class Weights:
    """The tensors whose names begin with a prefix; any thread may read them.

    A missing tensor raises ``KeyError``.
    """

    def __init__(
        self, read: ReadTensor, names: frozenset[str], device: torch.device, prefix: str = ""
    ) -> None:
        self.device = device
        """The tensors' device."""
        self._read = read
        self._names = names
        self._prefix = prefix

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> "Weights":
        """Take tensors in memory, all on one device."""
        return cls(tensors.__getitem__, frozenset(tensors), next(iter(tensors.values())).device)

    def __getitem__(self, name: str) -> Tensor:
        """Return a tensor, floating-point ones in float32; it may be a view of the mapped file."""
        whole = self._prefix + name
        if whole not in self._names:
            raise KeyError(whole)
        tensor = self._read(whole)
        return tensor.float() if tensor.is_floating_point() else tensor

    def __contains__(self, name: str) -> bool:
        """Whether there is such a tensor."""
        return self._prefix + name in self._names

    def under(self, name: str) -> "Weights":
        """Return the tensors of one module, by its path."""
        return Weights(self._read, self._names, self.device, f"{self._prefix}{name}.")

    def listed(self, name: str) -> "list[Weights]":
        """Return the tensors of each module in a list; raises ``KeyError`` for an empty list."""
        prefix = f"{self._prefix}{name}."
        indices = {each[len(prefix) :].split(".")[0] for each in self._names if each.startswith(prefix)}
        if not indices:
            raise KeyError(prefix)
        return [self.under(f"{name}.{index}") for index in range(len(indices))]

    def own(self, name: str, dtype: torch.dtype = torch.float32) -> Tensor:
        """Return a copy of a tensor, in memory with torch's own alignment.

        A file aligns its tensors to 8 bytes, and CPU kernels round differently at such addresses.
        """
        return self[name].to(dtype, copy=True)

    @property
    def kernel(self) -> Tensor:
        """A module's weight; under a weight norm, the product of its direction and magnitude."""
        if "weight" in self:
            return self["weight"]
        magnitude, direction = (self[f"parametrizations.weight.original{part}"] for part in (0, 1))
        return torch._weight_norm(direction, magnitude, 0)  # noqa: SLF001 - what the norm itself calls

    def state(self) -> dict[str, Tensor]:
        """Return copies of all tensors, as a state dict for an upstream module."""
        names = [each.removeprefix(self._prefix) for each in self._names if each.startswith(self._prefix)]
        return {name: self[name].clone() for name in names}


@contextmanager
def open_weights(file: Path, device: torch.device) -> Iterator[Weights]:
    """Map a safetensors file; its tensors are read straight to the device.

    Raises ``OSError`` or ``SafetensorError`` for an unreadable file.
    """
    with safe_open(file, framework="pt", device=str(device)) as tensors:
        yield Weights(lambda name: map_in(tensors.get_tensor(name)), frozenset(tensors.keys()), device)
