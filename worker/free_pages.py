"""Giving freed memory back to the system, which glibc by itself keeps for the next crowd."""

import contextlib
import ctypes
import sys


def return_free_pages() -> None:
    """Have glibc give back what it keeps of freed memory; elsewhere nothing."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)
