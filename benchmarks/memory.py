"""Memory of a process and of its GPU."""

import resource
import sys
from pathlib import Path

_PROCESSES = Path("/proc")
_MEBI = 1 << 20


def anonymous_mb() -> float:
    """Return this process's anonymous memory in MiB.

    Pages of mapped files, such as the weights, come and go with the page cache and would hide growth. If the
    system does not separate them, it is the peak of both.
    """
    return _own_mb("RssAnon")


def anonymous_mb_of(pid: int) -> float | None:
    """Return another process's anonymous memory in MiB; None if it has ended or the system cannot say."""
    return _status_mb(pid, "RssAnon")


def resident_mb() -> float:
    """Return this process's resident memory in MiB, including mapped files; on other systems the peak."""
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
    """Return the process's peak memory in MiB, including mapped files."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / _MEBI if sys.platform == "darwin" else peak / 1024


def vram_mb(*, peak: bool = False) -> float | None:
    """Return the GPU memory reserved by torch, now or at most since ``begin_vram_peak``, in MiB."""
    import torch

    if not torch.cuda.is_available():
        return None
    reserved = torch.cuda.max_memory_reserved() if peak else torch.cuda.memory_reserved()
    return float(reserved) / _MEBI


def begin_vram_peak() -> None:
    """Reset the peak."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
