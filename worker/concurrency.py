"""How many requests to speak at once, where nobody has said it."""

import logging

from worker.container import free_memory
from worker.engine.base import Engine
from worker.settings import MEBIBYTE

log = logging.getLogger(__name__)

_BYTES_A_REQUEST = 24 * MEBIBYTE
"""4 were measured while it streams MP3; a result of MAX_RESULT_MB is held whole, twice for a moment."""
_SHARE_OF_FREE_MEMORY = 0.5


def requests_at_once(engine: Engine, free_host_bytes: int | None = None) -> int:
    """Return what the engine has memory for on its device, and the rest of a request in this container."""
    free = free_memory() if free_host_bytes is None else free_host_bytes
    in_host = int(free * _SHARE_OF_FREE_MEMORY / _BYTES_A_REQUEST)
    count = max(min(engine.capacity, in_host), 1)
    log.info(
        "%d requests at once: the engine has memory for %d, %d MB free in the container allow %d",
        count, engine.capacity, free // MEBIBYTE, in_host,
    )  # fmt: skip
    return count
