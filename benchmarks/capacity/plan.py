"""Computes the workers of each hour from a day of calls and a worker's capacity."""

from dataclasses import dataclass
from functools import cached_property
from math import ceil

from benchmarks.capacity.day import Shares
from benchmarks.capacity.erlang import streams_needed

SECONDS_PER_HOUR = 3600
_ROUNDING = 1e-9
"""75 / 0.75 must not round up to 101 streams."""


@dataclass(frozen=True)
class Demand:
    """A day of calls."""

    calls: int
    seconds_per_call: float
    talk_share: float
    """Share of a call in which our voice speaks; the other person speaks in the rest."""
    shares: Shares

    @property
    def speech_seconds(self) -> float:
        """For the whole day."""
        return self.calls * self.seconds_per_call * self.talk_share

    def calls_at_once(self, share: float) -> float:
        """Return the mean for an hour with this share of the day (Little's law: arrivals times duration)."""
        return self.calls * share * self.seconds_per_call / SECONDS_PER_HOUR

    def load(self, share: float) -> float:
        """Return the mean number of streams taken at once, in erlangs."""
        return self.calls_at_once(share) * self.talk_share


@dataclass(frozen=True)
class Service:
    """A worker's capacity, and the promised service."""

    streams_per_worker: int
    utilisation: float
    """Upper bound of the mean share of streams taken."""
    wait_seconds: float
    late_share: float
    """Upper bound of the share that waits longer than that for a free stream."""
    turn_seconds: float
    """How long the voice speaks at a time, and so occupies a stream."""


@dataclass(frozen=True)
class Hour:
    """Requirements of one hour."""

    hour: int
    calls: float
    load: float
    streams_for_use: int
    """Streams that keep the utilisation within its bound."""
    streams_for_waiting: int
    """Streams that keep the waiting within its bound."""
    workers: int

    @property
    def streams(self) -> int:
        """The larger of both."""
        return max(self.streams_for_use, self.streams_for_waiting)


@dataclass(frozen=True)
class CapacityPlan:
    """The workers of a day."""

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
        """For workers that follow the demand of each hour."""
        return sum(hour.workers for hour in self.hours)

    @property
    def always_on_hours(self) -> int:
        """For the busiest hour's workers, kept all day."""
        return self.busiest.workers * len(self.hours)

    @property
    def fewest_workers(self) -> int:
        """The smallest number of workers of any hour."""
        return min(hour.workers for hour in self.hours)

    def _hour(self, number: int, share: float) -> Hour:
        load, service = self.demand.load(share), self.service
        if load == 0:
            return Hour(number, 0.0, 0.0, 0, 0, 0)
        for_use = ceil(load / service.utilisation - _ROUNDING)
        for_waiting = streams_needed(load, service.wait_seconds, service.turn_seconds, service.late_share)
        workers = ceil(max(for_use, for_waiting) / service.streams_per_worker)
        return Hour(number, self.demand.calls * share, load, for_use, for_waiting, workers)
