"""Prints the doctor's findings: as text, one by one, or as one JSON document."""

import json
from collections.abc import Iterable
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from worker.doctor.finding import Finding, Level

EXIT_CODES = {Level.OK: 0, Level.WARNING: 1, Level.FAULT: 2}
"""By the worst finding."""

_SIGNS = {
    Level.OK: Text("ok     ", "green"),
    Level.WARNING: Text("warning", "yellow"),
    Level.FAULT: Text("fault  ", "bold red"),
}
_MARGIN = " " * 10


def report(findings: Iterable[Finding], *, as_json: bool) -> int:
    """Print the findings; return the exit code."""
    console = Console(highlight=False, soft_wrap=True)
    told = []
    with console.status("Looking...") if not as_json else Console(stderr=True).status("Looking..."):
        for finding in findings:
            told.append(finding)
            if not as_json:
                console.print(_line(finding))
    worst = max((finding.level for finding in told), key=EXIT_CODES.__getitem__, default=Level.OK)
    if as_json:
        document = {"level": worst, "findings": [asdict(finding) for finding in told]}
        print(json.dumps(document, indent=2))  # noqa: T201  # rich would wrap it
    else:
        console.print(_summary(told))
    return EXIT_CODES[worst]


def _line(finding: Finding) -> Text:
    line = Text.assemble(_SIGNS[finding.level], "  ", (finding.what, "bold"), f": {finding.detail}")
    return line.append(f"\n{_MARGIN}{finding.remedy}", "italic") if finding.remedy else line


def _summary(findings: list[Finding]) -> str:
    faults, warnings = (
        sum(finding.level == level for finding in findings) for level in (Level.FAULT, Level.WARNING)
    )
    if not faults and not warnings:
        return "No problems found."
    return f"{faults} fault{'s' * (faults != 1)}, {warnings} warning{'s' * (warnings != 1)}."
