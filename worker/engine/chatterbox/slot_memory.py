"""How many streams there is memory for."""

import torch

from worker.container import free_memory
from worker.engine.t3.decoder import cache_dtype
from worker.engine.t3.kv_cache import KVCache
from worker.engine.t3.model import T3

_MOST = {"cpu": 16, "cuda": 64}
"""Beyond these, more streams at once were measured (CPU), or are expected (CUDA), to add little."""

_SHARE_OF_FREE_MEMORY = 0.5
"""The rest is for S3Gen, the voices and CUDA graphs, and on the CPU for everything else."""


def slot_count(t3: T3, length: int) -> int:
    """Return the slots of ``length`` positions that the device has memory for, one at least."""
    most = _MOST[t3.device.type]
    # On the CPU a slot's memory is taken as it is used, which nobody does before there is a request.
    free = free_memory() if t3.device.type == "cpu" else torch.cuda.mem_get_info(t3.device)[0]
    each = KVCache.bytes_per_slot(t3.sizes, length, cache_dtype(t3))
    return max(min(most, int(free * _SHARE_OF_FREE_MEMORY / each)), 1)
