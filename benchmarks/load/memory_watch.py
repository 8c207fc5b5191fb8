"""The workers' memory under load."""

import shutil
import subprocess
import threading
from collections.abc import Sequence
from typing import Self

from benchmarks.memory import anonymous_mb_of

_LOOK_EVERY_S = 0.5


class MemoryWatch:
    """Samples the processes' memory in MiB while its block lasts, and the GPU's if there is one.

    The GPU's is the whole device's: a container cannot attribute it to processes.
    """

    def __init__(self, pids: Sequence[int]) -> None:
        self.looks: list[float] = []
        self.vram_looks: list[float] = []
        self._pids = pids
        self._nvidia_smi = shutil.which("nvidia-smi") if pids else None
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._is_over.wait(_LOOK_EVERY_S):
            self._look()

    def _look(self) -> None:
        memory = [each for pid in self._pids if (each := anonymous_mb_of(pid)) is not None]
        if memory and len(memory) == len(self._pids):  # a sum over some of them would look like less memory
            self.looks.append(sum(memory))
        if self._nvidia_smi is not None and (used := _used_mb(self._nvidia_smi)) is not None:
            self.vram_looks.append(used)


def _used_mb(nvidia_smi: str) -> float | None:
    """Return the memory in use on all GPUs; None if the driver does not report it."""
    command = [nvidia_smi, "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603
        return sum(map(float, told.stdout.split()))
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
