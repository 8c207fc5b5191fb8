"""What a plan's workers cost, at prices that somebody else has told."""

from dataclasses import dataclass

from benchmarks.capacity.plan import Plan

DAYS_PER_MONTH = 30


@dataclass(frozen=True)
class Prices:
    """Dollars for an hour of one worker."""

    flex: float
    """Of a worker that comes and goes."""
    active: float
    """Of one that stays: RunPod sells those for less."""


@dataclass(frozen=True)
class Cost:
    """One way to have the workers."""

    name: str
    active_hours: int
    flex_hours: int
    prices: Prices
    calls: int

    @property
    def per_day(self) -> float:
        """Dollars."""
        return self.active_hours * self.prices.active + self.flex_hours * self.prices.flex

    @property
    def per_month(self) -> float:
        """Dollars for 30 such days."""
        return self.per_day * DAYS_PER_MONTH

    @property
    def per_thousand_calls(self) -> float:
        """Dollars."""
        return self.per_day / self.calls * 1000


def costs(plan: Plan, prices: Prices) -> list[Cost]:
    """Return the ways to have them; start-ups and idle timeouts of flex workers are not in it."""
    all_day, calls = plan.fewest_workers * len(plan.hours), plan.demand.calls
    ways = [
        Cost("all active, all day", plan.always_on_hours, 0, prices, calls),
        Cost("all flex, as each hour needs", 0, plan.worker_hours, prices, calls),
    ]
    if all_day:  # else the night needs nobody, and there is no third way
        rest = plan.worker_hours - all_day
        ways.append(Cost("the quietest hour's active, the rest flex", all_day, rest, prices, calls))
    return ways
