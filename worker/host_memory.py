"""How much memory this container may still take."""

import re
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_LIMIT_AND_USE = (
    ("memory.max", "memory.current"),  # version 2
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),  # version 1
)


def free_bytes(cgroup: Path = _CGROUP) -> int:
    """Return what is free on the machine, or within the container's own limit where that is less."""
    free = _machine_free_bytes()
    for limit_file, use_file in _LIMIT_AND_USE:
        limit, use = _number(cgroup / limit_file), _number(cgroup / use_file)
        if limit is not None and use is not None:
            free = min(free, max(limit - use, 0))
    return free


def _machine_free_bytes() -> int:
    """Return what Linux could give without swapping: free pages, and caches that can be dropped."""
    found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    return int(found[1]) * 1024 if found else 0


def _number(file: Path) -> int | None:
    """Read a number; None where there is no such file, or no limit ("max")."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
