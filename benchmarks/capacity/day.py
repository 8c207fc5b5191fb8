"""Distribution of a day's calls over its hours."""

import math
from collections.abc import Sequence
from pathlib import Path

HOURS = 24
OFFICE_HOURS = Path(__file__).with_name("office_hours.txt")

Shares = tuple[float, ...]
"""Share of a day's calls in each hour; they add up to 1."""


def flat() -> Shares:
    """Return the same share for each hour."""
    return (1 / HOURS,) * HOURS


def with_busiest(share: float) -> Shares:
    """Return one hour with this share, and equal shares for the others.

    Raises ``ValueError`` for less than a flat day's share: another hour would be the busiest.
    """
    if not 1 / HOURS <= share <= 1:
        raise ValueError(f"the busiest hour has a share of 1/24 (0.0417) to 1 of the day, not {share:g}")
    rest = (1 - share) / (HOURS - 1)
    return (*[rest] * 12, share, *[rest] * (HOURS - 13))


def read(file: Path) -> Shares:
    """Read 24 numbers, from midnight on, in any unit; text after # is ignored.

    Raises ``ValueError`` for anything else, ``OSError`` if the file cannot be read.
    """
    words = [word for line in file.read_text().splitlines() for word in line.partition("#")[0].split()]
    try:
        calls = [float(word) for word in words]
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    return normalised(calls, str(file))


def normalised(calls: Sequence[float], name: str) -> Shares:
    """Return each hour's share; raises ``ValueError`` unless there are 24 hours and some calls."""
    if len(calls) != HOURS:
        raise ValueError(f"{name}: a day has 24 numbers, one for each hour, not {len(calls)}")
    if not all(math.isfinite(each) and each >= 0 for each in calls) or sum(calls) == 0:
        raise ValueError(f"{name}: the hours' calls are numbers from 0 on, and not all of them 0")
    return tuple(each / sum(calls) for each in calls)
