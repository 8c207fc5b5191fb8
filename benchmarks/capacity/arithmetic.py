"""The plan's calculation, line by line."""

from collections.abc import Iterator, Sequence

from benchmarks.capacity.cost import DAYS_PER_MONTH, Cost
from benchmarks.capacity.erlang import share_waiting, share_waiting_longer
from benchmarks.capacity.plan import SECONDS_PER_HOUR, CapacityPlan, Hour

_DAY_SECONDS = 24 * SECONDS_PER_HOUR


def explain(plan: CapacityPlan, costs: Sequence[Cost]) -> Iterator[str]:
    """Yield the lines; without costs, one says that no price was given."""
    yield from _the_day(plan)
    yield from _the_busiest_hour(plan)
    yield from _streams(plan)
    yield from _workers(plan)
    yield from _the_hours(plan)
    yield from _cost(costs)


def _the_day(plan: CapacityPlan) -> Iterator[str]:
    demand = plan.demand
    call_seconds = demand.calls * demand.seconds_per_call
    yield "The day"
    yield (
        f"  {demand.calls:,} calls x {demand.seconds_per_call:g} s = {call_seconds:,.0f} s of calls, "
        f"x {demand.talk_share:g} = {demand.speech_seconds:,.0f} s "
        f"= {demand.speech_seconds / SECONDS_PER_HOUR:,.1f} h of speech"
    )
    average = call_seconds / _DAY_SECONDS
    yield (
        f"  on average {call_seconds:,.0f} s / {_DAY_SECONDS:,} s = {average:,.1f} calls at once, "
        f"x {demand.talk_share:g} = {average * demand.talk_share:,.1f} streams"
    )


def _the_busiest_hour(plan: CapacityPlan) -> Iterator[str]:
    demand, hour = plan.demand, plan.busiest
    share = demand.shares[hour.hour]
    yield f"The busiest hour ({_clock(hour)})"
    yield f"  {demand.calls:,} calls x {share:.4g} = {hour.calls:,.0f} calls"
    yield (
        f"  {hour.calls:,.0f} x {demand.seconds_per_call:g} s / {SECONDS_PER_HOUR:,} s = "
        f"{demand.calls_at_once(share):,.1f} calls at once, x {demand.talk_share:g} = "
        f"{hour.load:,.1f} streams taken at once, on average"
    )


def _streams(plan: CapacityPlan) -> Iterator[str]:
    service, hour = plan.service, plan.busiest
    yield "Streams to have ready for it"
    yield (
        f"  at most {service.utilisation:.0%} taken on average: "
        f"{hour.load:,.1f} / {service.utilisation:g} -> {hour.streams_for_use}"
    )
    needed = hour.streams_for_waiting
    waiting = share_waiting(needed, hour.load)
    late = share_waiting_longer(needed, hour.load, service.wait_seconds, service.turn_seconds)
    yield (
        f"  at most {service.late_share:.2%} wait longer than {service.wait_seconds * 1000:g} ms, where "
        f"a stream is taken for {service.turn_seconds:g} s: {needed}"
    )
    yield (
        f"    Erlang C of {needed} streams and {hour.load:,.1f} erlangs = {waiting:.3%} wait at all, "
        f"x e^(-({needed} - {hour.load:,.1f}) x {service.wait_seconds:g} / {service.turn_seconds:g}) "
        f"= {late:.3%} wait longer"
    )
    yield f"  the larger of both: {hour.streams}"


def _workers(plan: CapacityPlan) -> Iterator[str]:
    hour, each = plan.busiest, plan.service.streams_per_worker
    yield "Workers"
    yield (
        f"  {hour.streams} streams / {each} a worker = {hour.streams / each:,.2f} -> "
        f"{hour.workers} workers in the busiest hour"
    )


def _the_hours(plan: CapacityPlan) -> Iterator[str]:
    yield "The hours"
    yield "  hour       calls   streams taken   to have   workers"
    for hours in _alike(plan.hours):
        first, last = hours[0], hours[-1]
        span = f"{first.hour:02}-{last.hour + 1:02}"
        yield f"  {span:5}{first.calls:11,.0f}{first.load:16,.1f}{first.streams:10,}{first.workers:10,}"
    yield f"  GPU-hours, workers coming and going with the hours: {plan.worker_hours:,}"
    yield f"  GPU-hours, {plan.busiest.workers} workers x 24 h: {plan.always_on_hours:,}"


def _cost(costs: Sequence[Cost]) -> Iterator[str]:
    yield "Cost"
    if not costs:
        yield "  left out, as no price is assumed: --price-per-hour (DEPLOYMENT.md has RunPod's, dated)"
        return
    for cost in costs:
        terms = [
            f"{hours:,} h x ${price:g}"
            for hours, price in (
                (cost.active_hours, cost.prices.active),
                (cost.flex_hours, cost.prices.flex),
            )
            if hours
        ]
        yield f"  {cost.name}: {' + '.join(terms) or '0 h'} = ${cost.per_day:,.2f} a day"
        yield (
            f"    x {DAYS_PER_MONTH} days = ${cost.per_month:,.2f} a month; "
            f"/ {cost.calls:,} calls x 1,000 = ${cost.per_thousand_calls:,.2f} for 1,000 calls"
        )
    if costs[0].prices.active == costs[0].prices.flex:
        yield "  active workers at the flex workers' price: --active-price-per-hour tells another"
    yield "  flex workers' start-ups and idle timeouts, disks and volumes come on top"


def _alike(hours: Sequence[Hour]) -> Iterator[list[Hour]]:
    """Yield runs of consecutive hours with the same number of calls."""
    run = [hours[0]]
    for hour in hours[1:]:
        if hour.calls != run[-1].calls:
            yield run
            run = []
        run.append(hour)
    yield run


def _clock(hour: Hour) -> str:
    return f"{hour.hour}:00 to {hour.hour + 1}:00"
