"""The cases: amount of speech, number of streams, streamed or not."""

from dataclasses import dataclass
from functools import cached_property

_SENTENCE = "The keeper of the lighthouse climbs the stairs each evening and counts every single step aloud"
_MORE = " because nobody else is left to do it for him"
"""Two sentences of this length exceed one text chunk."""


@dataclass(frozen=True, order=True)
class CaseLength:
    """An amount of speech: ``count`` text chunks of ``tokens`` each on a synthetic checkpoint."""

    tokens: int
    count: int
    name: str

    @property
    def text(self) -> str:
        """The text, which the worker splits into ``count`` text chunks."""
        return " ".join(self.text_chunks)

    @cached_property
    def text_chunks(self) -> tuple[str, ...]:
        """The text as the worker splits it, for stock, which does not."""
        if self.tokens < LENGTHS["10s"].tokens:
            return ("The lighthouse keeper climbs.",)  # as much as a voice speaks in that time
        return (f"{_SENTENCE}.", *[f"{_SENTENCE}{_MORE}."] * (self.count - 1))


LENGTHS = {
    length.name: length
    for length in (CaseLength(50, 1, "2s"), CaseLength(250, 1, "10s"), CaseLength(250, 6, "60s"))
}


@dataclass(frozen=True)
class Case:
    """``streams`` simultaneous requests of one length."""

    length: CaseLength
    streams: int
    whole: bool = False

    @property
    def name(self) -> str:
        """The name in the results."""
        return f"{'whole' if self.whole else 'stream'}/n={self.streams}/{self.length.name}"


HEADLINES = (
    Case(LENGTHS["10s"], 1),
    Case(LENGTHS["10s"], 8),
    Case(LENGTHS["10s"], 8, whole=True),
)


def quick_cases() -> list[Case]:
    """Return the headline cases."""
    return list(HEADLINES)


def full_cases(*, on_gpu: bool) -> list[Case]:
    """Return all cases; without a GPU, a minute of speech is spoken for one listener only."""
    streams = (1, 2, 4, 8, 16, 32, 64) if on_gpu else (1, 2, 4, 8)
    return [
        Case(length, count, whole)
        for length in LENGTHS.values()
        for whole in (False, True)
        for count in streams
        if on_gpu or length.count == 1 or count == 1
    ]
