"""The requests and their times, all derived from a seed before the clock starts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from benchmarks.load.texts import LENGTHS

Shares = Mapping[str, float]
"""Weights by name, above 0; they need not add up to 1."""

FORMATS: Shares = {"pcm": 1, "mp3": 1, "opus": 1, "ulaw_8000": 1}
USUAL_LENGTHS: Shares = {"prompt": 12, "10s": 6, "60s": 1}


@dataclass(frozen=True)
class Planned:
    """One request."""

    due_s: float
    """Seconds since the clock started."""
    client: int
    voice_id: str
    format: str
    length: str
    text: str


@dataclass(frozen=True)
class Mixture:
    """The mixture of requests: voices in equal shares, formats and lengths by their weights."""

    voices: Sequence[str]
    formats: Shares
    lengths: Shares

    def mean_seconds(self, seconds: Mapping[str, float]) -> float:
        """Return a request's mean speech in seconds, from that of each length."""
        weights = sum(self.lengths.values())
        return sum(weight * seconds[name] for name, weight in self.lengths.items()) / weights

    def one_of_each(self) -> Iterator[Planned]:
        """Yield requests that together have every voice, format and length, as a warm-up."""
        random = np.random.default_rng(0)
        voices, formats, lengths = self.voices, list(self.formats), list(self.lengths)
        for number in range(max(map(len, (voices, formats, lengths)))):
            length = lengths[number % len(lengths)]
            text = LENGTHS[length].write(random)
            voice, name = voices[number % len(voices)], formats[number % len(formats)]
            yield Planned(0.0, 0, voice, name, length, text)

    def draw(self, due_s: float, client: int, random: Generator) -> Planned:
        """Return a random request, due at that time."""
        voice = self.voices[random.integers(len(self.voices))]
        name, length = _choose(self.formats, random), _choose(self.lengths, random)
        return Planned(due_s, client, voice, name, length, LENGTHS[length].write(random))


def plan(mixture: Mixture, clients: int, rate: float, seconds: float, seed: int) -> list[Planned]:
    """Return the requests of this period, ``rate`` per second, in the order of their due times.

    Each client's own requests do not depend on the other clients, except for their times.
    """
    requests = [
        planned
        for client in range(clients)
        for planned in _of_client(
            mixture, client, rate / clients, seconds, np.random.default_rng([seed, client])
        )
    ]
    return sorted(requests, key=lambda planned: planned.due_s)


def parse_shares(text: str, names: Sequence[str] | None = None) -> dict[str, float]:
    """Parse ``pcm=2,mp3=1`` or ``pcm,mp3``; raises ``ValueError`` for a name not in ``names``."""
    shares = {}
    for part in text.split(","):
        name, _, weight = part.strip().partition("=")
        if names is not None and name not in names:
            raise ValueError(f"{name!r} is none of {', '.join(names)}")
        try:
            shares[name] = float(weight or 1)
        except ValueError as error:
            raise ValueError(f"{part.strip()!r}: write it as name=weight") from error
        if not 0 < shares[name] < float("inf"):
            raise ValueError(f"{part.strip()!r}: a weight is above 0")
    return shares


def write_shares(shares: Shares) -> str:
    """Format the shares as ``parse_shares`` parses them."""
    return ",".join(f"{name}={weight:g}" for name, weight in shares.items())


def _of_client(
    mixture: Mixture, client: int, rate: float, seconds: float, random: Generator
) -> Iterator[Planned]:
    due = random.exponential(1 / rate)
    while due < seconds:
        yield mixture.draw(due, client, random)
        due += random.exponential(1 / rate)


def _choose(shares: Shares, random: Generator) -> str:
    weights = np.array([*shares.values()])
    return list(shares)[random.choice(len(weights), p=weights / weights.sum())]
