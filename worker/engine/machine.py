"""What this container may take of its machine, by the control group's files, of version 2 or 1."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path


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


CGROUP = Path("/sys/fs/cgroup")

_UNLIMITED = 1 << 60
"""What version 1 says where there is no limit is about 2**63."""


def memory_limit(cgroup: Path = CGROUP) -> int | None:
    """Return how many bytes the container may have; None without a limit."""
    for file in ("memory.max", "memory/memory.limit_in_bytes"):
        text = _read(cgroup / file)
        if text.isdigit() and int(text) < _UNLIMITED:
            return int(text)
    return None


def free_memory(cgroup: Path = CGROUP) -> int:
    """Return how many bytes it may still take: of its own limit, or of the machine's where that is less."""
    free = _field("MemAvailable", _read(Path("/proc/meminfo"))) * 1024
    limit = memory_limit(cgroup)
    return free if limit is None else max(min(free, limit - _used(cgroup)), 0)


def core_limit(cgroup: Path = CGROUP) -> float | None:
    """Return how many cores' time the container has; None without a limit."""
    quota, _, period = _read(cgroup / "cpu.max").partition(" ")
    if not period:
        quota, period = _read(cgroup / "cpu/cpu.cfs_quota_us"), _read(cgroup / "cpu/cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else None


def _used(cgroup: Path) -> int:
    """Return what the container holds, but for the files that the kernel would drop from memory for it."""
    used = _read(cgroup / "memory.current") or _read(cgroup / "memory/memory.usage_in_bytes")
    stat = _read(cgroup / "memory.stat") or _read(cgroup / "memory/memory.stat")
    return int(used or 0) - _field("inactive_file", stat)


def _field(name: str, text: str) -> int:
    found = re.search(rf"^{name}:?\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
