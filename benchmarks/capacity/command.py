"""``scripts/bench capacity``: the options and the output."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.capacity import day
from benchmarks.capacity.arithmetic import explain
from benchmarks.capacity.cost import Cost, Prices, costs
from benchmarks.capacity.plan import CapacityPlan, Demand, Service
from benchmarks.report import check_outputs
from voices.whole_file import WholeFile

_NO_PLACE = "give --streams-per-worker, or --from a file that `scripts/bench load --sweep --json` wrote"


def capacity(
    *,
    calls_per_day: Annotated[int, typer.Option(min=1)] = 30_000,
    seconds_per_call: Annotated[float, typer.Option(min=1)] = 180,
    talk_share: Annotated[float, typer.Option(help="Share of a call in which the voice speaks.")] = 0.5,
    peak_factor: Annotated[
        float | None,
        typer.Option(help="The busiest hour's share of the day's calls; the other hours are equal."),
    ] = None,
    profile: Annotated[
        str, typer.Option(help="The day's shape: flat, office-hours (an example), or a file of 24 numbers.")
    ] = "flat",
    streams_per_worker: Annotated[
        int | None, typer.Option(min=1, help="Streams per worker, as measured.")
    ] = None,
    measured: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="The JSON file of `load --sweep`.")
    ] = None,
    utilisation: Annotated[float, typer.Option(help="Upper bound of the mean share of streams taken.")] = 0.7,
    wait_ms: Annotated[float, typer.Option(min=0, help="Longest wait for a stream ...")] = 200,
    late_share: Annotated[float, typer.Option(help="... except for this share of callers.")] = 0.01,
    seconds_per_turn: Annotated[
        float, typer.Option(min=0.1, help="Seconds that the voice speaks at a time.")
    ] = 10,
    price_per_hour: Annotated[
        float | None, typer.Option(min=0, help="A flex worker's price in US dollars; no default.")
    ] = None,
    active_price_per_hour: Annotated[
        float | None, typer.Option(min=0, help="An active worker's price; by default a flex worker's.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the plan to this JSON file.")
    ] = None,
) -> None:
    """CapacityPlan the workers for a day of calls, with the calculation shown."""
    for name, share in (
        ("talk-share", talk_share),
        ("utilisation", utilisation),
        ("late-share", late_share),
    ):
        if not 0 < share <= 1:
            raise typer.BadParameter("It is a share, above 0 and at most 1.", param_hint=f"--{name}")
    if active_price_per_hour is not None and price_per_hour is None:
        raise typer.BadParameter("It needs --price-per-hour too.", param_hint="--active-price-per-hour")
    demand = Demand(calls_per_day, seconds_per_call, talk_share, _shares(profile, peak_factor))
    streams = _streams_per_worker(streams_per_worker, measured)
    service = Service(streams, utilisation, wait_ms / 1000, late_share, seconds_per_turn)
    plan = CapacityPlan(demand, service)
    ways = _ways(plan, price_per_hour, active_price_per_hour)
    for line in explain(plan, ways):
        typer.echo(line)
    if json_file is not None:
        check_outputs(json_file, None)
        with WholeFile(json_file) as whole:
            whole.write((json.dumps(as_json(plan, ways), indent=2) + "\n").encode())


def as_json(plan: CapacityPlan, ways: list[Cost]) -> dict[str, Any]:
    """Return the plan and its assumptions; ``cost`` is null if no price was given."""
    return {
        "assumed": {**asdict(plan.demand), **asdict(plan.service)},
        "busiest_hour": {**asdict(plan.busiest), "streams": plan.busiest.streams},
        "hours": [asdict(hour) for hour in plan.hours],
        "gpu_hours_per_day": {"flex": plan.worker_hours, "always_on": plan.always_on_hours},
        "cost": [
            {
                **asdict(way),
                "per_day": round(way.per_day, 2),
                "per_month": round(way.per_month, 2),
                "per_1000_calls": round(way.per_thousand_calls, 4),
            }
            for way in ways
        ]
        or None,
    }


def read_streams_per_worker(file: Path) -> int:
    """Return a sweep's result; raises ``typer.BadParameter`` if it has none or found none."""
    try:
        results = json.loads(file.read_text())["results"]
        found = [int(each["ours"]) for each in results if each["metric"] == "streams_per_worker"]
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}.", param_hint="--from") from error
    except (ValueError, KeyError, TypeError) as error:
        raise typer.BadParameter(f"{file} is no benchmark's JSON.", param_hint="--from") from error
    if not found:
        raise typer.BadParameter(f"{file} has no sweep: {_NO_PLACE}.", param_hint="--from")
    if found[0] < 1:
        raise typer.BadParameter(
            f"By {file} that worker carries not one stream in time: no number of such workers does.",
            param_hint="--from",
        )
    return found[0]


def _streams_per_worker(given: int | None, measured: Path | None) -> int:
    if (given is None) == (measured is None):
        raise typer.BadParameter(f"Of the two, {_NO_PLACE}.", param_hint="--streams-per-worker")
    return given if given is not None else read_streams_per_worker(measured or Path())


def _shares(profile: str, peak_factor: float | None) -> day.Shares:
    if peak_factor is not None and profile != "flat":
        raise typer.BadParameter("The profile says which hour is the busiest.", param_hint="--peak-factor")
    try:
        if peak_factor is not None:
            return day.with_busiest(peak_factor)
        return day.flat() if profile == "flat" else day.read(_profile_file(profile))
    except OSError as error:
        raise typer.BadParameter(f"{profile}: {error.strerror}.", param_hint="--profile") from error
    except ValueError as error:
        hint = "--profile" if peak_factor is None else "--peak-factor"
        raise typer.BadParameter(f"{error}.", param_hint=hint) from error


def _profile_file(profile: str) -> Path:
    return day.OFFICE_HOURS if profile == "office-hours" else Path(profile)


def _ways(plan: CapacityPlan, price: float | None, active_price: float | None) -> list[Cost]:
    if price is None:
        return []
    return costs(plan, Prices(price, price if active_price is None else active_price))
