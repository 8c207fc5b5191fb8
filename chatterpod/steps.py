"""What the protocols ask of whoever drives them.

A protocol is a generator that does no input or output: it yields steps, and is sent what came of each, or
has thrown into it what httpx raised. So it is written once, and driven by threads and by event loops
(chatterpod/drivers.py).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an `Ask`.

    `pieces` gives the body where it was asked for piece by piece; else, and of an error, it is read already.
    """

    response: httpx.Response
    pieces: Iterator[bytes] | AsyncIterator[bytes] | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """Make an HTTP request; sent an Answer."""

    method: str
    url: str
    json: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    silence_s: float | None = None
    """Give the body piece by piece, each of which may take so many seconds; None reads it at once."""
    timeout: httpx.Timeout | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """Read the next piece of a body; sent bytes, or None at its end."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Close:
    """Give a body up. What is left of it is not read, and its connection not used again."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class HangUp:
    """End a body that another thread or task may be reading: it finds that the connection is closed."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Sleep:
    """Let so many seconds pass."""

    seconds: float


Step = Ask | Read | Close | HangUp | Sleep
Steps = Generator[Step, Any, T]
"""Steps that in the end return a T."""
