"""``scripts/bench NAME``: run one benchmark, print its table, write its JSON."""

import importlib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.report import hardware, print_table, write_json


class Benchmark(StrEnum):
    """What can be measured."""

    VOICES = "voices"
    S3GEN_SEAMS = "s3gen_seams"


def main(
    name: Annotated[Benchmark, typer.Argument(help="What to measure.")],
    *,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures.")
    ] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Real weights; synthetic ones by default.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="The headline cases, within five minutes.")] = False,
) -> None:
    """Measure beside the stock library, in this run, on this machine."""
    results = importlib.import_module(f"benchmarks.{name.value}").run(checkpoint, quick=quick)
    typer.echo(", ".join(f"{key} {value}" for key, value in hardware().items()))
    print_table(results)
    if json_file is not None:
        write_json(json_file, results)


if __name__ == "__main__":
    typer.run(main)
