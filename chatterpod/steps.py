"""The steps that a protocol asks its driver to carry out.

A protocol is a generator without I/O. It yields steps; the driver sends the result of each, or throws httpx's
exception into it. So each protocol is written once and driven by threads and by event loops
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
    """Result of an `Ask`.

    `pieces` yields the body of a streamed response; other bodies, and those of errors, are already read.
    """

    response: httpx.Response
    pieces: Iterator[bytes] | AsyncIterator[bytes] | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """Send an HTTP request; the result is an Answer."""

    method: str
    url: str
    json: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    silence_s: float | None = None
    """Stream the body, with this read timeout in seconds for each piece; None reads it at once."""
    timeout: httpx.Timeout | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """Read the next piece of a body; the result is bytes, or None at its end."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Close:
    """Abandon a body: its rest is not read, and its connection is not reused."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the connection of a body that another thread or task may be reading; the reader gets an error."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Sleep:
    """Sleep for this many seconds."""

    seconds: float


Step = Ask | Read | Close | HangUp | Sleep
Steps = Generator[Step, Any, T]
"""Steps whose result is a T."""
