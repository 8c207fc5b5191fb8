"""How a day's calls are spread over its hours."""

import math
from collections.abc import Sequence
from pathlib import Path

HOURS = 24
OFFICE_HOURS = Path(__file__).with_name("office_hours.txt")

Shares = tuple[float, ...]
"""Of a day's calls, in each hour; they add up to 1."""


def flat() -> Shares:
    """Return as many in each hour."""
    return (1 / HOURS,) * HOURS


def with_busiest(share: float) -> Shares:
    """Return one hour with this share, and as many in each of the others.

    Raises ``ValueError`` for less than a flat day's share: another hour would be the busiest.
    """
    if not 1 / HOURS <= share <= 1:
        raise ValueError(f"the busiest hour has a share of 1/24 (0.0417) to 1 of the day, not {share:g}")
    rest = (1 - share) / (HOURS - 1)
    return (*[rest] * 12, share, *[rest] * (HOURS - 13))


def read(file: Path) -> Shares:
    """Read 24 numbers, from midnight on, in any unit; a line's rest behind # is not looked at.

    Raises ``ValueError`` for anything else, ``OSError`` if it cannot be read.
    """
    words = [word for line in file.read_text().splitlines() for word in line.partition("#")[0].split()]
    try:
        calls = [float(word) for word in words]
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    return normalised(calls, str(file))


def normalised(calls: Sequence[float], name: str) -> Shares:
    """Return each hour's share; raises ``ValueError`` where they are not 24 hours with calls in them."""
    if len(calls) != HOURS:
        raise ValueError(f"{name}: a day has 24 numbers, one for each hour, not {len(calls)}")
    if not all(math.isfinite(each) and each >= 0 for each in calls) or sum(calls) == 0:
        raise ValueError(f"{name}: the hours' calls are numbers from 0 on, and not all of them 0")
    return tuple(each / sum(calls) for each in calls)
