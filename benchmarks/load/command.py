"""``scripts/bench load``: the options and the output."""

import contextlib
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.load import measuring, sites
from benchmarks.load.figures import LATE_MS, figures_of, late_p99_ms
from benchmarks.load.measuring import CannotMeasure, Load, Measured, RunClock
from benchmarks.load.sweep import Goal, most_that_hold
from benchmarks.load.table import print_cases
from benchmarks.load.texts import LENGTHS
from benchmarks.load.workload import FORMATS, USUAL_LENGTHS, Mixture, Shares, parse_shares, write_shares
from benchmarks.report import Result, check_outputs, hardware, write_json
from chatterpod import ClientError
from local_runpod import WorkerDied

_SECONDS, _QUICK_SECONDS = 60.0, 15.0
_MOST_CLIENTS, _QUICK_MOST_CLIENTS = 256, 32
_WARM_UP_SHARE = 0.2


class EngineName(StrEnum):
    """The engine of workers started here."""

    PREVIEW = "preview"
    TURBO = "chatterbox-turbo"


class Face(StrEnum):
    """The workers' interface."""

    QUEUE = "queue"
    HTTP = "http"


def load(
    *,
    clients: Annotated[
        int | None, typer.Option(min=1, help="Number of constant listeners, or of clients that share --rate.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.001, help="Requests per second, over all clients.")
    ] = None,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Increase the clients until the goal is missed.")
    ] = False,
    most: Annotated[int | None, typer.Option(min=1, help="Upper bound of the clients in a sweep.")] = None,
    duration: Annotated[float | None, typer.Option(min=2, help="Duration of a case in seconds.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the requests.")] = 0,
    engine: Annotated[EngineName, typer.Option()] = EngineName.PREVIEW,
    model_dir: Annotated[
        Path | None, typer.Option(help="Directory of real weights; full-size synthetic ones by default.")
    ] = None,
    protocol: Annotated[
        Face, typer.Option(help="The workers' interface: RunPod's queue, or HTTP.")
    ] = Face.QUEUE,
    workers: Annotated[int, typer.Option(min=1, help="Workers to start here, on one queue.")] = 1,
    url: Annotated[
        str | None, typer.Option(help="A running endpoint; its key is taken from RUNPOD_API_KEY.")
    ] = None,
    voice_id: Annotated[
        list[str] | None, typer.Option(help="A voice of the endpoint at --url; repeatable.")
    ] = None,
    voices: Annotated[int, typer.Option(min=1, max=100, help="Number of voices to create here.")] = 4,
    formats: Annotated[str, typer.Option(help="Formats and their shares.")] = write_shares(FORMATS),
    lengths: Annotated[str, typer.Option(help="Lengths and their shares.")] = write_shares(USUAL_LENGTHS),
    target_ms: Annotated[
        float, typer.Option(min=1, help="The goal: 95th percentile of first audio, in ms.")
    ] = 200,
    timeout: Annotated[float, typer.Option(min=1, help="Timeout of a request in seconds.")] = 120,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures to this JSON file.")
    ] = None,
    plot_file: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Plot the waits and listeners to this file.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help=f"{_QUICK_SECONDS:g} s a case, {_QUICK_MOST_CLIENTS} clients.")
    ] = False,
) -> None:
    """Measure real workers under random arrivals."""
    _check(sweep=sweep, clients=clients, rate=rate, url=url, workers=workers, protocol=protocol)
    check_outputs(json_file, plot_file)
    seconds = duration or (_QUICK_SECONDS if quick else _SECONDS)
    clock = RunClock(seconds, seconds * _WARM_UP_SHARE, seed)
    goal = Goal(target_ms)
    shares = _shares("--formats", formats), _shares("--lengths", lengths, list(LENGTHS))
    with _explained(), contextlib.ExitStack() as stack:
        if url is None:
            environment = _environment(engine, model_dir)
            site = stack.enter_context(
                sites.begun_here(
                    environment, protocol.value, workers=workers, voices=voices, timeout_s=timeout
                )
            )
        else:
            site = sites.elsewhere(url, protocol.value, voice_id or ["default"], timeout)
        mixture = Mixture(site.voices, *shares)
        typer.echo("one request of each kind", err=True)
        asked = Load(site, mixture, measuring.hear_one_of_each(site, mixture), clock)
        results: list[Result] = []
        if sweep:
            cases, shown = _sweep(asked, goal, most or (_QUICK_MOST_CLIENTS if quick else _MOST_CLIENTS))
            results.append(_streams(site, shown, goal))
        else:
            shown = asked.of_clients(clients or 4) if rate is None else asked.at_rate(rate, clients)
            cases = [shown]
    typer.echo(", ".join(f"{key} {value}" for key, value in hardware().items()))
    print_cases(cases)
    for result in results:
        typer.echo(f"{result.metric}: {result.ours:g}")
    if json_file is not None:
        measured = [figure for case in cases for figure in figures_of(case)]
        write_json(json_file, [*results, *measured], _notes(asked, engine, url, goal))
    if plot_file is not None:
        from benchmarks.load.plot import plot_load

        plot_load(cases, shown, goal.first_audio_p95_ms, plot_file)


def _check(
    *, sweep: bool, clients: int | None, rate: float | None, url: str | None, workers: int, protocol: Face
) -> None:
    if sweep and (clients is not None or rate is not None):
        raise typer.BadParameter("A sweep finds the number of clients itself.", param_hint="--sweep")
    if workers > 1 and (url is not None or protocol is Face.HTTP):
        raise typer.BadParameter("Several workers need the queue.", param_hint="--workers")


def _shares(option: str, text: str, names: Sequence[str] | None = None) -> Shares:
    try:
        return parse_shares(text, names)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint=option) from error


def _environment(engine: EngineName, model_dir: Path | None) -> dict[str, str]:
    environment = {"ENGINE": engine.value}
    if engine is EngineName.TURBO:
        from benchmarks.checkpoint import find_or_write

        environment["MODEL_DIR"] = str(find_or_write(model_dir, "full").resolve())
    return environment


def _sweep(asked: Load, goal: Goal, most: int) -> tuple[list[Measured], Measured]:
    """Return all measured cases, and the one with the most clients that holds; else the first.

    A case that misses the goal while this machine sent requests late is repeated once: other processes on
    this machine may have distorted it.
    """
    cases: dict[int, Measured] = {}

    def holds(clients: int) -> bool:
        cases[clients] = asked.of_clients(clients)
        missed = goal.missed_by(cases[clients])
        if missed and late_p99_ms(cases[clients]) > LATE_MS:
            typer.echo(
                f"{clients} clients: {', '.join(missed)}; repeated, because this machine sent late", err=True
            )
            cases[clients] = asked.of_clients(clients)
            missed = goal.missed_by(cases[clients])
        typer.echo(f"{clients} clients: {', '.join(missed) or 'held'}", err=True)
        return not missed

    held = most_that_hold(holds, most)
    return [cases[count] for count in sorted(cases)], cases[max(held, 1)]


def _streams(site: sites.Site, shown: Measured, goal: Goal) -> Result:
    """Return the capacity of each worker; for a remote endpoint, of all its workers.

    Limited to the listeners seen at once: a short case sends requests at the full rate, but ends before that
    many listen.
    """
    peak = next(each.ours for each in figures_of(shown) if each.metric == "listeners_peak")
    held = 0 if goal.missed_by(shown) else min(shown.clients, int(peak))
    if site.workers is None:
        return Result("load/sweep", "streams", held)
    return Result("load/sweep", "streams_per_worker", held // site.workers)


def _notes(asked: Load, engine: EngineName, url: str | None, goal: Goal) -> list[str]:
    where = "a remote endpoint: the hardware is that of the sending machine" if url else engine.value
    seconds = ", ".join(f"{name} {each:.1f} s" for name, each in asked.seconds.items())
    return [
        f"{where}, by {asked.site.address.protocol}; workers: {asked.site.workers or 'not known'}",
        f"{asked.clock.seconds:g} s a case, the first {asked.clock.warm_up_s:g} s not counted",
        f"seed {asked.clock.seed}",
        f"formats {dict(asked.mixture.formats)}, lengths {dict(asked.mixture.lengths)} ({seconds})",
        f"the goal of a sweep: first audio p95 {goal.first_audio_p95_ms:g} ms, no underrun, no error",
    ]


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Print an error's message without a traceback."""
    try:
        yield
    except (CannotMeasure, ClientError, WorkerDied, TimeoutError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
