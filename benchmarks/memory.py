"""How much memory this process holds, and the device on its behalf."""

import resource
import sys
from pathlib import Path

_PROCESSES = Path("/proc")
_MEBI = 1 << 20


def anonymous_mb() -> float:
    """Return what this process holds for itself, in MiB.

    Pages of mapped files, which the weights are, come and go as the system pleases: they would drown
    what grows. Where the system does not tell them apart it is the most there has been of both.
    """
    return _own_mb("RssAnon")


def anonymous_mb_of(pid: int) -> float | None:
    """Return what another process holds for itself, in MiB; None if it has ended or the system cannot say."""
    return _status_mb(pid, "RssAnon")


def resident_mb() -> float:
    """Return what the process holds now, in MiB, pages of mapped files among it; elsewhere the peak."""
    return _own_mb("VmRSS")


def _own_mb(name: str) -> float:
    memory = _status_mb("self", name)
    return peak_mb() if memory is None else memory


def _status_mb(process: int | str, name: str) -> float | None:
    try:
        lines = (_PROCESSES / str(process) / "status").read_text().splitlines()
    except OSError:
        return None
    line = next((line for line in lines if line.startswith(f"{name}:")), None)
    return None if line is None else int(line.split()[1]) / 1024


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
