"""``python -m benchmarks.pages``: writes the measured tables of the documents.

A page marks the place of each with ``<!-- figures NAME -->`` and ``<!-- end of figures -->``. Every number
there comes from a file in ``benchmarks/results``, so none can deviate from the measurement.
"""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.tables import TABLES, Cell, Table

ROOT = Path(__file__).parents[1]
PAGES = {"README.md": "", "docs/TUNING.md": "../"}
"""The pages that have tables, and how each leads to the root."""

_PLACE = re.compile(r"(<!-- figures (?P<name>[a-z0-9 -]+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)
_THOUSAND = 1000


class ResultFiles:
    """The files in ``benchmarks/results``, each read once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._reports: dict[str, dict[str, Any]] = {}

    def report(self, file: str) -> dict[str, Any]:
        """Return a file's content."""
        if file not in self._reports:
            self._reports[file] = json.loads((self._directory / file).read_text())
        return self._reports[file]

    def figure(self, file: str, cell: Cell) -> float:
        """Return a figure; raises ``LookupError`` if it was not measured."""
        for result in self.report(file)["results"]:
            if (result["case"], result["metric"]) == (cell.case, cell.metric):
                value = result[cell.side]
                if value is not None:
                    return float(value) * cell.scale
        raise LookupError(f"{file} has no {cell.side} of {cell.case} {cell.metric}")


def write_table(name: str, results: ResultFiles, to_root: str = "") -> str:
    """Format a table as Markdown, followed by the conditions of the measurement."""
    table = TABLES[name]
    lines = [_row(table.headings), _row("---" for _ in table.headings)]
    for label, cells in table.rows:
        lines.append(_row([label, *(_write(cell, table, results) for cell in cells)]))
    report = results.report(table.file)
    measured = datetime.fromisoformat(report["date"])
    hardware = report["hardware"]
    gpu = "no GPU" if hardware["gpu"] == "none" else hardware["gpu"]
    lines.append(
        f"\n(`{table.command}`, {measured.day} {measured:%B %Y}, "
        f"{hardware['cores']} cores of an {hardware['cpu']}, {gpu}, commit {report['commit']}: "
        f"[{table.file}]({to_root}benchmarks/results/{table.file}).)"
    )
    return "\n".join(lines) + "\n"


def fill(page: str, results: ResultFiles, to_root: str = "") -> str:
    """Return a page with new tables; raises ``KeyError`` for a name that is no table's."""
    return _PLACE.sub(lambda place: place[1] + write_table(place["name"], results, to_root) + place[3], page)


def _row(cells: Any) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def _write(cell: Cell | str, table: Table, results: ResultFiles) -> str:
    if isinstance(cell, str):
        return cell
    value = results.figure(cell.file or table.file, cell)
    number = f"{value:,.0f}" if value >= _THOUSAND else f"{value:.3g}"
    return number + cell.unit


def main() -> None:
    """Write the tables of every page."""
    results = ResultFiles(ROOT / "benchmarks" / "results")
    for name, to_root in PAGES.items():
        page = ROOT / name
        page.write_text(fill(page.read_text(), results, to_root))


if __name__ == "__main__":
    main()
