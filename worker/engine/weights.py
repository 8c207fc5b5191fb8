"""A checkpoint's tensors by the names that they have upstream, without upstream's modules."""

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
"""Linux's MADV_POPULATE_READ, of 5.14; Python has no name for it."""


def map_in(tensor: Tensor) -> Tensor:
    """Return a tensor of a mapped file, its pages mapped all at once: a fault for each costs more.

    Where the system cannot do that, they are mapped as they are read.
    """
    if sys.platform == "linux" and tensor.device.type == "cpu":
        first = tensor.data_ptr() // mmap.PAGESIZE * mmap.PAGESIZE
        length = tensor.data_ptr() + tensor.nbytes - first
        ctypes.CDLL(None).madvise(ctypes.c_void_p(first), ctypes.c_size_t(length), _POPULATE_READ)
    return tensor


ReadTensor = Callable[[str], Tensor]


class Weights:
    """The tensors whose names begin with a prefix; any thread may read them.

    What is not there raises ``KeyError``.
    """

    def __init__(
        self, read: ReadTensor, names: frozenset[str], device: torch.device, prefix: str = ""
    ) -> None:
        self.device = device
        """Where the tensors are."""
        self._read = read
        self._names = names
        self._prefix = prefix

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> "Weights":
        """Take tensors that are in memory, of one device."""
        return cls(tensors.__getitem__, frozenset(tensors), next(iter(tensors.values())).device)

    def __getitem__(self, name: str) -> Tensor:
        """Return a tensor, in float32 if it is one of numbers; it may lie in the mapped file."""
        whole = self._prefix + name
        if whole not in self._names:
            raise KeyError(whole)
        tensor = self._read(whole)
        return tensor.float() if tensor.is_floating_point() else tensor

    def __contains__(self, name: str) -> bool:
        """Whether there is such a tensor."""
        return self._prefix + name in self._names

    def under(self, name: str) -> "Weights":
        """Return those of a module, by its path."""
        return Weights(self._read, self._names, self.device, f"{self._prefix}{name}.")

    def listed(self, name: str) -> "list[Weights]":
        """Return those of each module in a list of modules; none raise ``KeyError``."""
        prefix = f"{self._prefix}{name}."
        indices = {each[len(prefix) :].split(".")[0] for each in self._names if each.startswith(prefix)}
        if not indices:
            raise KeyError(prefix)
        return [self.under(f"{name}.{index}") for index in range(len(indices))]

    def own(self, name: str, dtype: torch.dtype = torch.float32) -> Tensor:
        """Return a copy of a tensor, aligned in memory as torch aligns what it allocates.

        A file aligns its tensors to 8 bytes, and CPU kernels round differently on such addresses.
        """
        return self[name].to(dtype, copy=True)

    @property
    def kernel(self) -> Tensor:
        """The weight of a module, of one under a weight norm what the norm gives."""
        if "weight" in self:
            return self["weight"]
        magnitude, direction = (self[f"parametrizations.weight.original{part}"] for part in (0, 1))
        return torch._weight_norm(direction, magnitude, 0)  # noqa: SLF001 - what the norm itself calls

    def state(self) -> dict[str, Tensor]:
        """Return copies of all of them, for a module of upstream's to take as its own."""
        names = [each.removeprefix(self._prefix) for each in self._names if each.startswith(self._prefix)]
        return {name: self[name].clone() for name in names}


@contextmanager
def open_weights(file: Path, device: torch.device) -> Iterator[Weights]:
    """Map a safetensors file, whose tensors go straight to the device.

    Raises ``OSError`` or ``SafetensorError`` for an unreadable file.
    """
    with safe_open(file, framework="pt", device=str(device)) as tensors:
        yield Weights(lambda name: map_in(tensors.get_tensor(name)), frozenset(tensors.keys()), device)
