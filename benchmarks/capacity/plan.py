"""From a day of calls, and what a worker carries, to the workers of each hour."""

from dataclasses import dataclass
from functools import cached_property
from math import ceil

from benchmarks.capacity.day import Shares
from benchmarks.capacity.erlang import streams_needed

SECONDS_PER_HOUR = 3600
_ROUNDING = 1e-9
"""75 / 0.75 must not need a 101st stream."""


@dataclass(frozen=True)
class Demand:
    """A day of calls."""

    calls: int
    seconds_per_call: float
    talk_share: float
    """Of a call, in which our voice speaks: the other person does in the rest."""
    shares: Shares

    @property
    def speech_seconds(self) -> float:
        """Of the whole day."""
        return self.calls * self.seconds_per_call * self.talk_share

    def calls_at_once(self, share: float) -> float:
        """Return the mean of an hour with this share of the day (Little's law: arrivals times duration)."""
        return self.calls * share * self.seconds_per_call / SECONDS_PER_HOUR

    def load(self, share: float) -> float:
        """Return the streams that are taken at once on average, in erlangs."""
        return self.calls_at_once(share) * self.talk_share


@dataclass(frozen=True)
class Service:
    """What a worker carries, and what callers are promised."""

    streams_per_worker: int
    utilisation: float
    """The most of the streams that may be taken on average."""
    wait_seconds: float
    late_share: float
    """At most so many wait longer than that for a free stream."""
    turn_seconds: float
    """How long the voice speaks at a time, and so takes a stream."""


@dataclass(frozen=True)
class Hour:
    """What one hour needs."""

    hour: int
    calls: float
    load: float
    streams_for_use: int
    """So that not too many are taken on average."""
    streams_for_waiting: int
    """So that hardly anybody waits."""
    workers: int

    @property
    def streams(self) -> int:
        """Both are kept."""
        return max(self.streams_for_use, self.streams_for_waiting)


@dataclass(frozen=True)
class Plan:
    """A day's workers."""

    demand: Demand
    service: Service

    @cached_property
    def hours(self) -> list[Hour]:
        """From midnight on."""
        return [self._hour(number, share) for number, share in enumerate(self.demand.shares)]

    @property
    def busiest(self) -> Hour:
        """The hour with the most calls."""
        return max(self.hours, key=lambda hour: hour.load)

    @property
    def worker_hours(self) -> int:
        """Of a day whose workers come and go with the hours."""
        return sum(hour.workers for hour in self.hours)

    @property
    def always_on_hours(self) -> int:
        """Of a day that keeps the busiest hour's workers throughout."""
        return self.busiest.workers * len(self.hours)

    @property
    def fewest_workers(self) -> int:
        """That are needed in every hour."""
        return min(hour.workers for hour in self.hours)

    def _hour(self, number: int, share: float) -> Hour:
        load, service = self.demand.load(share), self.service
        if load == 0:
            return Hour(number, 0.0, 0.0, 0, 0, 0)
        for_use = ceil(load / service.utilisation - _ROUNDING)
        for_waiting = streams_needed(load, service.wait_seconds, service.turn_seconds, service.late_share)
        workers = ceil(max(for_use, for_waiting) / service.streams_per_worker)
        return Hour(number, self.demand.calls * share, load, for_use, for_waiting, workers)
