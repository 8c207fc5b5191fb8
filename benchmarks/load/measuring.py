"""One case: plans its requests, runs them, and watches the workers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from benchmarks.fresh_process import in_fresh_process
from benchmarks.load.clients import speak_in_turn, speak_when_due
from benchmarks.load.listening import Heard
from benchmarks.load.memory_watch import MemoryWatch
from benchmarks.load.sites import Site
from benchmarks.load.texts import LENGTHS
from benchmarks.load.workload import Mixture, plan


class CannotMeasure(RuntimeError):
    """The endpoint does not speak at all."""


@dataclass(frozen=True)
class RunClock:
    """Duration of a case, and of its warm-up."""

    seconds: float
    warm_up_s: float
    seed: int

    @property
    def counted_s(self) -> float:
        """Seconds after the warm-up."""
        return self.seconds - self.warm_up_s


@dataclass(frozen=True)
class Measured:
    """A case and its outcomes."""

    name: str
    clients: int
    rate: float
    clock: RunClock
    heard: list[Heard]
    memory: MemoryWatch

    @property
    def counted(self) -> list[Heard]:
        """The requests due after the warm-up."""
        return [each for each in self.heard if each.planned.due_s >= self.clock.warm_up_s]


def hear_one_of_each(site: Site, mixture: Mixture) -> dict[str, float]:
    """Request every voice, format and length once; return the mean seconds of each length's texts.

    Raises ``CannotMeasure`` with the first error.
    """
    spoken: dict[str, list[Heard]] = {name: [] for name in mixture.lengths}
    for heard in in_fresh_process(speak_in_turn, site.address, list(mixture.one_of_each())):
        site.check()
        if heard.error is not None:
            raise CannotMeasure(f"{heard.planned.format} in {heard.planned.voice_id}: {heard.error_message}")
        spoken[heard.planned.length].append(heard)
    return {name: LENGTHS[name].mean_characters * _seconds_a_character(each) for name, each in spoken.items()}


def _seconds_a_character(spoken: Sequence[Heard]) -> float:
    return sum(each.audio_s for each in spoken) / sum(len(each.planned.text) for each in spoken)


@dataclass(frozen=True)
class Load:
    """A mixture of requests to a site."""

    site: Site
    mixture: Mixture
    seconds: Mapping[str, float]
    """Seconds of speech for each length."""
    clock: RunClock

    def of_clients(self, clients: int) -> Measured:
        """Measure this number of constant listeners."""
        rate = clients / self.mixture.mean_seconds(self.seconds)
        return self._measure(f"load/clients={clients}", clients, rate)

    def at_rate(self, rate: float, clients: int | None = None) -> Measured:
        """Measure at this request rate; by default, with as many clients as listen at once."""
        listeners = max(1, ceil(rate * self.mixture.mean_seconds(self.seconds)))
        return self._measure(f"load/rate={rate:g}", clients or listeners, rate)

    def _measure(self, name: str, clients: int, rate: float) -> Measured:
        requests = plan(self.mixture, clients, rate, self.clock.seconds, self.clock.seed)
        with MemoryWatch(self.site.pids) as memory:
            heard = in_fresh_process(speak_when_due, self.site.address, requests)
        self.site.check()
        return Measured(name, clients, rate, self.clock, heard, memory)
