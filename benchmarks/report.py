"""A benchmark's results: as JSON, as a table, and with the machine."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from voices.extras import MissingExtra, require
from voices.whole_file import WholeFile, check_writable, why

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALLER_IS_BETTER = ("ms", "_s", "mb", "kb", "rtf", "underruns", "error_rate")
RATE = "_per_s"
"""A rate per second: more is better, although its name ends like a duration's."""


@dataclass(frozen=True)
class Result:
    """One figure, and the stock library's from the same run if it has one."""

    case: str
    metric: str
    ours: float
    stock: float | None = None

    @property
    def smaller_is_better(self) -> bool:
        """Whether the metric is a cost, by its name."""
        return self.metric.endswith(SMALLER_IS_BETTER) and not self.metric.endswith(RATE)

    @property
    def ratio(self) -> float | None:
        """The factor by which ours is better than stock."""
        if self.stock is None:
            return None
        if self.ours == self.stock:  # zero has no multiple
            return 1.0
        better, worse = (self.stock, self.ours) if self.smaller_is_better else (self.ours, self.stock)
        return round(better / max(worse, 1e-9), 2)


def hardware() -> dict[str, str | int]:
    """Describe this machine."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": model,
        "cores": os.cpu_count() or 0,
        "memory_gb": round(memory / 2**30),
        "gpu": _gpu(),
        "python": platform.python_version(),
    }


def _gpu() -> str:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "none"


def write_json(path: Path, results: list[Result], notes: Sequence[str] = ()) -> None:
    """Write the results in the common form of all benchmarks; ``notes`` if there are any."""
    git = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
    report = {
        "hardware": hardware(),
        "commit": commit.stdout.strip(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "results": [{**asdict(result), "ratio": result.ratio} for result in results],
        **({"notes": list(notes)} if notes else {}),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with WholeFile(path) as whole:
        whole.write((json.dumps(report, indent=2) + "\n").encode())


def check_outputs(json_file: Path | None, plot_file: Path | None) -> None:
    """End the command unless its files can be written and plotted, before it measures for an hour."""
    try:
        for file in filter(None, (json_file, plot_file)):
            file.parent.mkdir(parents=True, exist_ok=True)
            check_writable(file)
        if plot_file is not None:
            require("matplotlib", "plot", purpose="no picture can be drawn")
    except OSError as error:
        sys.exit(f"error: {why(error)}")
    except MissingExtra as error:
        sys.exit(f"error: {error.message}")


def save_figure(figure: "Figure", file: Path) -> None:
    """Write a plot, in the format of the file's ending, else as a PNG."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with WholeFile(file) as whole:
        figure.savefig(whole.file, format=file.suffix.removeprefix(".") or "png")


def print_table(results: list[Result]) -> None:
    """Print the results as a table."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("case", "metric", "stock", "ours", "times better"):
        table.add_column(heading, justify="left" if heading in ("case", "metric") else "right")
    for result in results:
        stock = "-" if result.stock is None else f"{result.stock:,.2f}"
        ratio = "-" if result.ratio is None else f"{result.ratio:,.1f}"
        table.add_row(result.case, result.metric, stock, f"{result.ours:,.2f}", ratio)
    Console().print(table)


def median_ms(work: Callable[[], object], repeats: int) -> float:
    """Time ``work`` several times; return the median in milliseconds."""
    taken = []
    for _ in range(repeats):
        began = perf_counter()
        work()
        taken.append((perf_counter() - began) * 1000)
    return round(median(taken), 3)
