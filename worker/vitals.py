"""How a worker is right now: the same facts for the ``health`` action, ``/health`` and the counters."""

from dataclasses import dataclass

from worker.engine.device_memory import DeviceMemory
from worker.engine.load import Load


@dataclass(frozen=True)
class Vitals:
    """Cheap to find out: nothing of it is on a disk."""

    active_requests: int
    cached_voices: int
    voice_cache_bytes: int
    engine_load: Load | None
    """None for an engine that speaks whatever comes at once."""
    device_memory: DeviceMemory | None
    """None without a GPU."""
