"""The machine: Python, the system, what the container may use, what RunPod says."""

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from worker.doctor.finding import GIGABYTE, Finding, Subject, ok

CGROUP = Path("/sys/fs/cgroup")

_UNLIMITED = 1 << 60
"""What version 1 says where there is no limit is about 2**63."""


def check_python(_: Subject) -> Iterator[Finding]:
    """Tell which Python and which system this is."""
    yield ok("Python", f"{platform.python_version()} at {sys.executable}")
    yield ok("system", f"{platform.platform()}, {os.cpu_count()} cores")


def check_limits(_: Subject) -> Iterator[Finding]:
    """Tell what the container may use."""
    memory, cores = memory_limit(CGROUP), core_limit(CGROUP)
    yield ok("memory limit", f"{memory / GIGABYTE:.1f} GB" if memory else "none but the machine's")
    yield ok("CPU limit", f"{cores:g} cores" if cores else "none but the machine's")


def check_runpod(subject: Subject) -> Iterator[Finding]:
    """Name RunPod's variables; their values may be secrets."""
    names = sorted(name for name in subject.environ if name.startswith("RUNPOD_"))
    yield ok("RunPod variables", ", ".join(names) or "none: this is not a RunPod worker")


def memory_limit(cgroup: Path) -> int | None:
    """Return the control group's memory limit in bytes, of version 2 or 1; None without one."""
    for file in ("memory.max", "memory/memory.limit_in_bytes"):
        text = _read(cgroup / file)
        if text.isdigit() and int(text) < _UNLIMITED:
            return int(text)
    return None


def core_limit(cgroup: Path) -> float | None:
    """Return how many cores' time the control group has, of version 2 or 1; None without a limit."""
    quota, _, period = _read(cgroup / "cpu.max").partition(" ")
    if not period:
        quota, period = _read(cgroup / "cpu/cpu.cfs_quota_us"), _read(cgroup / "cpu/cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
