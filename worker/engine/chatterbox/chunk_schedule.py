"""How many speech tokens go into the next audio chunk."""

from dataclasses import dataclass

TOKENS_PER_SECOND = 25
"""Speech tokens."""


@dataclass(frozen=True)
class ChunkSchedule:
    """A small first chunk for quick first audio, then larger ones: each costs the prompt and the lookahead.

    All of it is per request; nothing grows on the engine.
    """

    first: int = 12
    """Speech tokens: the least that gives an ear something, since some of them are held back."""
    growth: float = 2.0
    """Each audio chunk against the one before it, whatever there is to play."""
    longest: int = 100
    """Speech tokens: 4 s."""
    most_at_once: int = 16
    """Streams whose samples are decoded in one call."""
    reserve_seconds: float = 0.5
    """What a listener should have left when the next audio chunk comes."""

    @classmethod
    def for_device(cls, device: str) -> "ChunkSchedule":
        """Return what was measured to serve a CPU ("cpu"), or is expected to serve a GPU ("cuda").

        On a CPU a decode costs half a second whatever its length: so fewer, longer ones. There
        several in one call cost as much as one after the other, and the first would wait for all.
        """
        return cls(growth=3.0, most_at_once=1) if device == "cpu" else cls()

    def tokens(self, audio_chunks: int, buffered_seconds: float | None) -> int:
        """Return how many tokens to wait for after so many audio chunks of the request.

        A listener with much to play can wait for more of them, which costs less in all. None is for
        chunks that are to be the same each time.
        """
        grown = self.first * self.growth ** min(audio_chunks, 16)
        spare = 0.0 if buffered_seconds is None else buffered_seconds - self.reserve_seconds
        return int(min(max(grown, spare * TOKENS_PER_SECOND), self.longest))
