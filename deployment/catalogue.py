"""RunPod's offer, compared with the desired endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass

from deployment.desired import Desired
from deployment.errors import NoCapacity, UnknownDataCentre, UnknownGpu
from deployment.resources import DataCentre, GpuType

_LEVELS = ("NONE", "LOW", "MEDIUM", "HIGH")


@dataclass(frozen=True)
class Pool:
    """A serverless pool, restricted to the GPUs that the endpoint may use."""

    id: str
    cards: tuple[str, ...]
    memory_gb: tuple[int, ...]
    dollars_an_hour: float | None
    """Price of one GPU; None if RunPod lists no price."""
    stock: str
    """The best availability among its GPUs where the endpoint may run: NONE, LOW, MEDIUM, HIGH."""


@dataclass(frozen=True)
class Catalogue:
    """RunPod's GPU types and data centres."""

    gpu_types: Sequence[GpuType]
    data_centres: Sequence[DataCentre]

    def check(self, desired: Desired) -> list[Pool]:
        """Return the desired pools; raises ``UnknownGpu`` and ``UnknownDataCentre``."""
        self._check_places(desired)
        offered = {card.pool for card in self.gpu_types if card.pool}
        for pool in desired.gpu.pools:
            if pool not in offered:
                raise UnknownGpu(
                    f"RunPod has no pool {pool!r}; it has {', '.join(sorted(offered))}.", field="gpu.pools"
                )
        chosen = {card.id for card in self.gpu_types if card.pool in desired.gpu.pools}
        for excluded in desired.gpu.excluded_types:
            if excluded.strip() not in chosen:
                raise UnknownGpu(
                    f"No pool of gpu.pools has {excluded!r}; they have {', '.join(sorted(chosen))}.",
                    field="gpu.excluded_types",
                )
        if chosen <= {each.strip() for each in desired.gpu.excluded_types}:
            raise UnknownGpu("It excludes every GPU of gpu.pools.", field="gpu.excluded_types")
        return [self._pool(pool, desired) for pool in desired.gpu.pools]

    def check_stock(self, pools: Sequence[Pool], desired: Desired) -> None:
        """Raise ``NoCapacity`` if none of the pools has a free GPU."""
        if any(pool.stock != "NONE" for pool in pools):
            return
        others = (
            self._pool(each, desired) for each in sorted({card.pool or "" for card in self.gpu_types} - {""})
        )
        free = [pool.id for pool in others if pool.stock != "NONE"]
        where = ", ".join(desired.data_centres) or "RunPod"
        raise NoCapacity(
            f"No GPU of {', '.join(desired.gpu.pools)} is free in {where} now. "
            + (f"Pools with free GPUs: {', '.join(free)}. " if free else "")
            + "Choose other pools or data centres, or deploy with --ignore-stock: "
            "requests then wait for a GPU.",
            field="gpu.pools",
        )

    def _check_places(self, desired: Desired) -> None:
        places = {place.id: place for place in self.data_centres}
        for name in desired.data_centres:
            if name not in places:
                raise UnknownDataCentre(
                    f"RunPod has no data centre {name!r}; it has {', '.join(sorted(places))}.",
                    field="data_centres",
                )
            if desired.volume and not places[name].volume_types:
                able = sorted(place.id for place in self.data_centres if place.volume_types)
                raise UnknownDataCentre(
                    f"{name} has no network volumes; {', '.join(able)} have.", field="data_centres"
                )

    def _pool(self, pool: str, desired: Desired) -> Pool:
        cards = [
            card
            for card in self.gpu_types
            if card.pool == pool and card.id not in {each.strip() for each in desired.gpu.excluded_types}
        ]
        prices = [card.price.serverless for card in cards if card.price.serverless is not None]
        levels = [_LEVELS.index(_stock(card, desired.data_centres)) for card in cards]
        return Pool(
            id=pool,
            cards=tuple(card.name for card in cards),
            memory_gb=tuple(sorted({card.memory for card in cards})),
            dollars_an_hour=max(prices, default=None),
            stock=_LEVELS[max(levels, default=0)],
        )


def _stock(card: GpuType, data_centres: Sequence[str]) -> str:
    """Return a GPU type's best availability where the endpoint may run."""
    if not data_centres:
        return card.availability
    levels = [_LEVELS.index(each.availability) for each in card.data_centres if each.id in data_centres]
    return _LEVELS[max(levels, default=0)]
