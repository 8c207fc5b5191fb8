"""How busy an engine is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """As of now; read from any thread, so that two of its numbers may be an instant apart."""

    streams: int
    """Text chunks that the engine has, waiting or being spoken."""
    waiting: int
    """Of those, how many have no slot yet."""
    slots_used: int
    slots: int
    """Text chunks whose tokens are decoded at once, at most."""
