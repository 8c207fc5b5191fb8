"""Have a file's pages in memory before they are asked for one by one."""

import ctypes
import mmap
import sys

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
