"""Memory of the GPU that the model is on. Never imports torch: where nobody else has, there is none."""

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class DeviceMemory:
    """In bytes."""

    allocated: int
    """Held by this worker's tensors."""
    reserved: int
    """Taken from the GPU by torch, tensors and its own reserve."""
    free: int
    """Of the whole GPU, whoever uses the rest."""
    total: int


def device_memory() -> DeviceMemory | None:
    """Return the current GPU's; None in a process that has not begun to use one."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    free, total = torch.cuda.mem_get_info()
    return DeviceMemory(torch.cuda.memory_allocated(), torch.cuda.memory_reserved(), free, total)
