"""``scripts/bench attack``: whether attacks affect honest listeners.

A server with a key and the preview engine is started here; reading the clip of one of its voices hangs.
Listeners request sentence after sentence, as fast as they can hear them. Meanwhile another process runs
the raids of ``attack_raids``.

underruns       times that a listener's player would have run dry, over all listeners
errors          failed requests of listeners
first_audio_p95_ms
memory_first_mb, memory_peak_mb, memory_last_mb
                the server's own memory: before, at its peak, and after all have left
"""

import contextlib
import json
import math
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.attack_raids import HANGING_VOICE, NAMES
from benchmarks.load.clients import API_KEY, Address, speak_when_due
from benchmarks.load.listening import Heard
from benchmarks.load.memory_watch import MemoryWatch
from benchmarks.load.sites import make_voices, server
from benchmarks.load.workload import Planned
from benchmarks.memory import anonymous_mb_of
from benchmarks.report import Result, check_outputs, hardware, print_table, write_json
from local_runpod import WorkerDied
from local_runpod.worker_process import WorkerProcess

_TEXT = "The keeper wrote down the name of the ship, and then he went home to have his supper."
_HEARD_IN_S = 6.0
"""Upper bound of the text's speech in seconds."""
_RAIDERS_LEAVE_S = 60.0
_ROOT = Path(__file__).parents[1]


def attack(
    *,
    seconds: Annotated[
        float, typer.Option("--duration", min=2, help="Duration of the attack in seconds.")
    ] = 120.0,
    listeners: Annotated[int, typer.Option(min=1, help="Number of honest listeners.")] = 20,
    settle: Annotated[
        float, typer.Option(min=0, help="Seconds between the attack and the memory measurement.")
    ] = 60.0,
    raids: Annotated[
        list[str] | None, typer.Option("--raid", help=f"Raids to run: by default all of {', '.join(NAMES)}.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures to this JSON file.")
    ] = None,
) -> None:
    """Measure what honest listeners hear during an attack of every kind at once."""
    if unknown := set(raids or []) - set(NAMES):
        raise typer.BadParameter(f"There is no {', '.join(sorted(unknown))}.", param_hint="--raid")
    check_outputs(json_file, None)
    key = secrets.token_hex(16)
    os.environ[API_KEY] = key  # read by our own client
    try:
        with _site(key) as (url, worker):
            _hear(url, 2, listeners)  # warm up every kind of request
            memory = [anonymous_mb_of(worker.pid) or 0.0]
            with _raids(url, key, seconds, raids or NAMES) as begun, MemoryWatch([worker.pid]) as watch:
                heard = _hear(url, math.ceil(seconds / _HEARD_IN_S), listeners)
            time.sleep(settle)
            worker.check()
            memory += [max(watch.looks), anonymous_mb_of(worker.pid) or 0.0]
    except (WorkerDied, TimeoutError) as error:
        sys.exit(f"error: {error}")
    results = _figures(f"attack/listeners={listeners}/seconds={seconds:g}", heard, memory)
    typer.echo(", ".join(f"{name} {value}" for name, value in hardware().items()))
    print_table(results)
    typer.echo("begun: " + ", ".join(f"{count} {name}" for name, count in begun.items()))
    for error in sorted({f"{each.error}: {each.error_message}" for each in heard if each.error}):
        typer.echo(f"error: {error}")
    if json_file is not None:
        write_json(json_file, results, [f"{count} x {name}" for name, count in begun.items()])


@contextlib.contextmanager
def _site(key: str) -> Iterator[tuple[str, WorkerProcess]]:
    """Start the server, with a voice whose clip hangs on reading."""
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        make_voices(Path(folder), 1)
        os.mkfifo(Path(folder) / f"{HANGING_VOICE}.flac")
        environment = {"ENGINE": "preview", "VOICES_DIR": folder, "RESULTS_DIR": f"{folder}/results"}
        with server({**environment, "MALLOC_ARENA_MAX": "2"}, key) as begun:  # the image's own setting
            yield begun


@contextlib.contextmanager
def _raids(url: str, key: str, seconds: float, names: Sequence[str]) -> Iterator[dict[str, int]]:
    """Run the attacks in a separate process; the result has their counts once the block ends."""
    command = [sys.executable, "-m", "benchmarks.attack_raids", url, str(seconds), *names]
    environment = {**os.environ, "API_KEY": key, "PYTHONPATH": str(_ROOT)}
    begun: dict[str, int] = {}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as raiders:  # noqa: S603 - a fixed command
        yield begun
        told, _ = raiders.communicate(timeout=_RAIDERS_LEAVE_S)
        begun.update(json.loads(told))


def _hear(url: str, times: int, listeners: int) -> list[Heard]:
    """Let every listener make its requests, each after the previous text has been heard."""
    planned = [
        Planned(
            turn * _HEARD_IN_S + number * _HEARD_IN_S / listeners, number, "load-0", "mp3", "prompt", _TEXT
        )
        for number in range(listeners)
        for turn in range(times)
    ]
    return speak_when_due(Address(url, "http", with_key=True, timeout_s=60), planned)


def _figures(case: str, heard: list[Heard], memory: list[float]) -> list[Result]:
    first_audio_ms = [each.first_audio_s * 1000 for each in heard if each.first_audio_s is not None]
    figures = {
        "requests": len(heard),
        "errors": sum(each.error is not None for each in heard),
        "underruns": sum(each.underruns for each in heard),
        "first_audio_p95_ms": round(float(np.percentile(first_audio_ms or [0.0], 95)), 1),
        **{
            f"memory_{when}_mb": round(each, 1)
            for when, each in zip(("first", "peak", "last"), memory, strict=True)
        },
    }
    return [Result(case, metric, value) for metric, value in figures.items()]
