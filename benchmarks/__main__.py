"""``scripts/bench NAME``: runs one benchmark, prints its table, writes its JSON."""

import importlib
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.attack import attack
from benchmarks.capacity.command import capacity
from benchmarks.load.command import load
from benchmarks.report import check_outputs, hardware, print_table, write_json


class Benchmark(StrEnum):
    """The benchmarks with a figure of the stock library."""

    COLDSTART = "coldstart"
    T3 = "t3"
    SOAK = "soak"
    STREAM = "stream"
    VOICES = "voices"
    WATERMARK = "watermark"
    S3GEN_SEAMS = "s3gen_seams"
    S3GEN_PROMPT = "s3gen_prompt"


app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _command(name: Benchmark) -> Callable[..., None]:
    def main(
        *,
        json_file: Annotated[
            Path | None, typer.Option("--json", metavar="FILE", help="Write the figures to this JSON file.")
        ] = None,
        checkpoint: Annotated[
            Path | None, typer.Option(help="Directory of real weights; synthetic ones by default.")
        ] = None,
        plot_file: Annotated[
            Path | None,
            typer.Option(
                "--plot", metavar="FILE", help="Plot the figures to this file, if the benchmark has a plot."
            ),
        ] = None,
        quick: Annotated[
            bool, typer.Option("--quick", help="Only the headline cases, in at most five minutes.")
        ] = False,
    ) -> None:
        """Run one benchmark and the stock library, in the same run on this machine."""
        benchmark = importlib.import_module(f"benchmarks.{name.value}")
        if plot_file is not None and not hasattr(benchmark, "plot"):
            raise typer.BadParameter(f"{name.value} has no plot.", param_hint="--plot")
        check_outputs(json_file, plot_file)
        results = benchmark.run(checkpoint, quick=quick)
        typer.echo(", ".join(f"{key} {value}" for key, value in hardware().items()))
        print_table(results)
        if json_file is not None:
            write_json(json_file, results)
        if plot_file is not None:
            benchmark.plot(results, plot_file)

    return main


for each in Benchmark:
    app.command(each.value)(_command(each))
app.command("attack")(attack)
app.command("load")(load)
app.command("capacity")(capacity)

if __name__ == "__main__":
    app()
