"""A request's text chunks, the next of which are spoken while the first is still being heard."""

from collections import deque
from collections.abc import Callable, Iterable

from worker.engine.base import SpeechStream

_AHEAD = 2
"""Text chunks under way beside the current one: no gap between sentences, and room for other requests."""


class StreamsAhead:
    """Begins text chunks a few at a time, in order."""

    def __init__(self, begin: Callable[[int, str], SpeechStream], text_chunks: Iterable[str]) -> None:
        self._begin = begin
        self._text_chunks = enumerate(text_chunks)
        self._streams: deque[SpeechStream] = deque()
        self._current: SpeechStream | None = None

    def next(self) -> SpeechStream | None:
        """Return the next text chunk's stream, once the one before has been read; None after the last."""
        while len(self._streams) <= _AHEAD and (following := next(self._text_chunks, None)) is not None:
            self._streams.append(self._begin(*following))
        self._current = self._streams.popleft() if self._streams else None
        return self._current

    def close(self) -> None:
        """Give up all that are under way."""
        for stream in (self._current, *self._streams):
            if stream is not None:
                stream.close()
        self._streams.clear()
