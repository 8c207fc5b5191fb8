"""A request's text chunks, the next of which are spoken while the first is still being heard."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from worker.engine.base import SpeechStream

T = TypeVar("T")

_AHEAD = 2
"""Text chunks under way beside the current one: no gap between sentences, and room for other requests."""


class StreamsAhead(Generic[T]):
    """Yields each text chunk with its stream, in order; begins them a few at a time."""

    def __init__(self, begin: Callable[[int, T], SpeechStream], text_chunks: Iterable[T]) -> None:
        self._begin = begin
        self._text_chunks = enumerate(text_chunks)
        self._under_way: deque[tuple[T, SpeechStream]] = deque()
        self._current: SpeechStream | None = None

    def __iter__(self) -> Iterator[tuple[T, SpeechStream]]:
        """Yield the next once the one before has been read."""
        while True:
            while len(self._under_way) <= _AHEAD and (following := next(self._text_chunks, None)) is not None:
                order, text_chunk = following
                self._under_way.append((text_chunk, self._begin(order, text_chunk)))
            if not self._under_way:
                return
            text_chunk, self._current = self._under_way.popleft()
            yield text_chunk, self._current

    def close(self) -> None:
        """Give up all that are under way."""
        for stream in (self._current, *(stream for _, stream in self._under_way)):
            if stream is not None:
                stream.close()
        self._under_way.clear()
