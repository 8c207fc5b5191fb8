"""Cost of a plan's workers, at the given prices."""

from dataclasses import dataclass

from benchmarks.capacity.plan import CapacityPlan

DAYS_PER_MONTH = 30


@dataclass(frozen=True)
class Prices:
    """US dollars per hour of one worker."""

    flex: float
    """For a worker that scales with demand."""
    active: float
    """For a permanent worker: RunPod sells those for less."""


@dataclass(frozen=True)
class Cost:
    """One mix of workers and its cost."""

    name: str
    active_hours: int
    flex_hours: int
    prices: Prices
    calls: int

    @property
    def per_day(self) -> float:
        """US dollars."""
        return self.active_hours * self.prices.active + self.flex_hours * self.prices.flex

    @property
    def per_month(self) -> float:
        """US dollars for 30 such days."""
        return self.per_day * DAYS_PER_MONTH

    @property
    def per_thousand_calls(self) -> float:
        """US dollars."""
        return self.per_day / self.calls * 1000


def costs(plan: CapacityPlan, prices: Prices) -> list[Cost]:
    """Return the possible mixes; start-ups and idle timeouts of flex workers are not included."""
    all_day, calls = plan.fewest_workers * len(plan.hours), plan.demand.calls
    ways = [
        Cost("all active, all day", plan.always_on_hours, 0, prices, calls),
        Cost("all flex, as each hour needs", 0, plan.worker_hours, prices, calls),
    ]
    if all_day:  # otherwise the night needs no worker, and there is no third mix
        rest = plan.worker_hours - all_day
        ways.append(Cost("the quietest hour's active, the rest flex", all_day, rest, prices, calls))
    return ways
