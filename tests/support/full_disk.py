"""A simulated full disk: a resource limit on the size of this process's files.

What is written fails as on a full disk, for little data only when the file is closed; the number of the error
is another one (EFBIG).
"""

from __future__ import annotations

import resource
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """Within it, no file of this process may have more than ``room`` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
