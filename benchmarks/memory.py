"""How much memory this process holds, and the device on its behalf."""

import resource
import sys
from pathlib import Path

_MEBI = 1 << 20


def anonymous_mb(pid: int | None = None) -> float:
    """Return what this process, or another, holds for itself, in MiB.

    Pages of mapped files, which the weights are, come and go as the system pleases: they would drown
    what grows. Where the system does not tell them apart it is the most there has been of both, and of
    this process alone.
    """
    return _status_mb("RssAnon", pid)


def resident_mb() -> float:
    """Return what the process holds now, in MiB, pages of mapped files among it; elsewhere the peak."""
    return _status_mb("VmRSS")


def _status_mb(name: str, pid: int | None = None) -> float:
    status = Path(f"/proc/{pid or 'self'}/status")
    if pid is None and not status.exists():
        return peak_mb()
    line = next(line for line in status.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024


def peak_mb() -> float:
    """Return the most that the process has held, in MiB, pages of mapped files among it."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / _MEBI if sys.platform == "darwin" else peak / 1024


def vram_mb(*, peak: bool = False) -> float | None:
    """Return what torch has reserved on the GPU, now or at most since ``begin_vram_peak``, in MiB."""
    import torch

    if not torch.cuda.is_available():
        return None
    reserved = torch.cuda.max_memory_reserved() if peak else torch.cuda.memory_reserved()
    return float(reserved) / _MEBI


def begin_vram_peak() -> None:
    """Forget the peak so far."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
