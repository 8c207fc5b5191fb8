"""Starts stock or ours in a separate process, which reports its times.

The process is started by ``python -m``: one spawned by multiprocessing would first import its parent's
modules.
"""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

OURS: Final = "ours"
STOCK: Final = "stock"

TEXT = "One sentence of some length, which is the first that anybody hears."
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Start:
    """One start; times are counted from the start of the process."""

    phases: dict[str, float]
    """Seconds by name, in order, until a request can be accepted."""
    first_audio_s: float
    """Time of the first request's first audio; for stock, that is all of its audio."""
    ready_mb: float
    """Resident memory when ready, including the pages of mapped files."""
    own_mb: float
    """The same without mapped pages, which the system can reclaim."""

    @property
    def ready_s(self) -> float:
        """Return the time at which a request could be accepted."""
        return sum(self.phases.values())


def start_in_a_process(whose: Literal["ours", "stock"], checkpoint: Path) -> Start:
    """Start a process, wait for its first audio, and return its times."""
    command = [sys.executable, "-m", "benchmarks.coldstart_starts", whose, str(checkpoint.resolve())]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=_ROOT)  # noqa: S603 - a fixed command
    if done.returncode:
        raise RuntimeError(f"the start of {whose} failed:\n{done.stderr[-2000:]}")
    return Start(**json.loads(done.stdout.splitlines()[-1]))


def start_ours(checkpoint: Path) -> Start:
    """Start as ``python -m worker`` does."""
    from worker.engine.base import Delivery, SpeechOptions
    from worker.engine.choice import open_engine
    from worker.settings import Settings

    engine: Any = open_engine(Settings(engine="chatterbox-turbo", model_dir=checkpoint))
    memory = _memory_mb()
    conditionals = engine.default_conditionals()
    stream = engine.stream(TEXT, conditionals, SpeechOptions(seed=1), Delivery())
    next(stream)
    phases = dict(engine.phases.seconds)
    engine.phases.end("first audio")
    first_audio_s = sum(engine.phases.seconds.values())
    stream.close()
    engine.close()
    return Start(phases, first_audio_s, *memory)


def start_stock(checkpoint: Path) -> Start:
    """Start as stock's own examples do."""
    from benchmarks.checkpoint import stock_finds_its_sizes
    from benchmarks.stock import quietly
    from worker.engine.phases import Phases

    phases = Phases()
    phases.end("Python")
    with quietly():
        import torch

        phases.end("torch")
        from chatterbox.tts_turbo import ChatterboxTurboTTS

        phases.end("imports")
        device = "cuda" if torch.cuda.is_available() else "cpu"
        with stock_finds_its_sizes(checkpoint):
            stock: Any = ChatterboxTurboTTS.from_local(checkpoint, device)
        phases.end("from_local")
        memory = _memory_mb()
        until_ready = dict(phases.seconds)
        stock.generate(TEXT)
        phases.end("first audio")
    return Start(until_ready, sum(phases.seconds.values()), *memory)


def _memory_mb() -> tuple[float, float]:
    """Return the process's resident memory in MiB, and its anonymous part."""
    from benchmarks.memory import anonymous_mb, resident_mb

    return resident_mb(), anonymous_mb()


if __name__ == "__main__":
    starters = {OURS: start_ours, STOCK: start_stock}
    sys.stdout.write(json.dumps(asdict(starters[sys.argv[1]](Path(sys.argv[2])))) + "\n")
