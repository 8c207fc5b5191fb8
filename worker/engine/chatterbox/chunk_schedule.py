"""The schedule of audio chunks: how many speech tokens the next one takes."""

from dataclasses import dataclass

TOKENS_PER_SECOND = 25
"""Speech tokens per second of audio."""


@dataclass(frozen=True)
class ChunkSchedule:
    """A small first chunk for a short time to first audio, then larger ones.

    Every chunk renders the prompt and the lookahead again, so few large chunks are cheaper. The schedule
    has no state: the growth is per request.
    """

    first: int = 12
    """Speech tokens of the first chunk. Some are held back, so fewer would give no audible audio."""
    growth: float = 2.0
    """Factor from one audio chunk to the next, independent of the listener's buffer."""
    longest: int = 100
    """Upper bound of a chunk in speech tokens: 4 s."""
    most_at_once: int = 16
    """Streams that are rendered in one call."""
    reserve_seconds: float = 0.5
    """Audio that a listener should still have when the next audio chunk arrives."""

    @classmethod
    def for_device(cls, device: str) -> "ChunkSchedule":
        """Return the schedule measured for a CPU ("cpu") or expected for a GPU ("cuda").

        On a CPU a call takes at least half a second, so it renders fewer, longer chunks. Several streams
        in one call take as long there as one after another, and the first would wait for all.
        """
        return cls(growth=3.0, most_at_once=1) if device == "cpu" else cls()

    def tokens(self, audio_chunks: int, buffered_seconds: float | None) -> int:
        """Return the next chunk's tokens, after ``audio_chunks`` of the request.

        A listener with much buffered audio can wait for a larger chunk, which is cheaper in total. None
        ignores the buffer, for chunks that must be the same each time.
        """
        grown = self.first * self.growth ** min(audio_chunks, 16)
        spare = 0.0 if buffered_seconds is None else buffered_seconds - self.reserve_seconds
        return int(min(max(grown, spare * TOKENS_PER_SECOND), self.longest))
