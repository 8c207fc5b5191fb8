"""The container's limits on memory and cores, from its control group's files (version 2 or 1)."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DeviceMemory:
    """A GPU's memory in bytes."""

    allocated: int
    """In use by this worker's tensors."""
    reserved: int
    """Reserved by torch: the tensors' memory and its cache."""
    free: int
    """Free memory of the whole GPU, which other processes may share."""
    total: int


def device_memory() -> DeviceMemory | None:
    """Return the current GPU's memory; None in a process that does not use a GPU yet."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    free, total = torch.cuda.mem_get_info()
    return DeviceMemory(torch.cuda.memory_allocated(), torch.cuda.memory_reserved(), free, total)


CGROUP = Path("/sys/fs/cgroup")

_UNLIMITED = 1 << 60
"""Version 1 reports about 2**63 where there is no limit."""


def memory_limit(cgroup: Path = CGROUP) -> int | None:
    """Return the container's memory limit in bytes; None without one."""
    for file in ("memory.max", "memory/memory.limit_in_bytes"):
        text = _read(cgroup / file)
        if text.isdigit() and int(text) < _UNLIMITED:
            return int(text)
    return None


def free_memory(cgroup: Path = CGROUP) -> int:
    """Return the bytes that the container can still allocate: under its limit and in the machine's memory."""
    free = _field("MemAvailable", _read(Path("/proc/meminfo"))) * 1024
    limit = memory_limit(cgroup)
    return free if limit is None else max(min(free, limit - _used(cgroup)), 0)


def core_limit(cgroup: Path = CGROUP) -> float | None:
    """Return the container's CPU quota in cores; None without one."""
    quota, _, period = _read(cgroup / "cpu.max").partition(" ")
    if not period:
        quota, period = _read(cgroup / "cpu/cpu.cfs_quota_us"), _read(cgroup / "cpu/cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else None


def _used(cgroup: Path) -> int:
    """Return the container's memory use without the file cache that the kernel would reclaim."""
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
