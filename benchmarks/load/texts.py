"""Texts of a few lengths, which rarely repeat."""

from dataclasses import dataclass
from functools import cached_property
from statistics import mean

from numpy.random import Generator, default_rng

_CHARACTERS_PER_SECOND = 15
"""Unhurried English."""
_DRAWN = 300

_SENTENCES = (
    "Your appointment is on Thursday at half past nine.",
    "Thank you for waiting, somebody will be with you in a moment.",
    "I have found two trains that leave before noon.",
    "The parcel was handed to your neighbour this morning.",
    "Please tell me the last four digits of your number.",
    "We open again on Monday at eight.",
    "That seat is taken, but the one beside the window is free.",
    "Your order has left the warehouse and should arrive tomorrow.",
    "Could you say that once more, a little more slowly?",
    "The weather will be dry in the north and wet along the coast.",
    "I will send you the address by message.",
    "There is a table for four at seven, or for two at any time.",
    "The invoice was paid on the third of the month.",
    "If you would rather speak with a person, just say so.",
    "Nothing else is booked under that name.",
    "The bridge is closed, so the bus takes the road by the river.",
)


@dataclass(frozen=True)
class Length:
    """About this many seconds of speech; 0 is one sentence."""

    name: str
    seconds: int

    def write(self, random: Generator) -> str:
        """Return a text of whole sentences."""
        sentences: list[str] = []
        while not sentences or len(" ".join(sentences)) < self.seconds * _CHARACTERS_PER_SECOND:
            sentences.append(_SENTENCES[random.integers(len(_SENTENCES))])
        return " ".join(sentences)

    @cached_property
    def mean_characters(self) -> float:
        """Mean over its texts."""
        random = default_rng(0)
        return mean(len(self.write(random)) for _ in range(_DRAWN))


LENGTHS = {length.name: length for length in (Length("prompt", 0), Length("10s", 10), Length("60s", 60))}
