"""Sources of a request's text: the whole text at once, or parts that arrive while it is spoken."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from worker.errors import NothingToSpeak
from worker.events import SkippedEvent
from worker.request import SpeechRequest
from worker.speech.progress import Clock
from worker.text.chunks import TextChunk
from worker.text.sentences import LONGEST_SENTENCE, Pause, sentences

_LOOK_EVERY_S = 1.0
"""Polling interval as a safety net: a waiting request is woken when text comes or its client leaves."""
_A_SENTENCE = " Aa"


@dataclass(frozen=True, slots=True)
class TextPart:
    """Characters ``start`` to ``end`` of a request's text."""

    start: int
    end: int
    text: str
    """Empty for a ``<think>`` block without an end, which is not spoken."""
    following: str = ""
    """Beginning of the following text, as far as it is known."""
    is_last: bool = False
    """Whether this is known to be the last part."""

    @property
    def pause(self) -> Pause:
        """The pause after the part, if more follows; after a part within a sentence a word's pause."""
        said = self.text.rstrip()[-LONGEST_SENTENCE:]
        blank = self.text[len(self.text.rstrip()) :]
        following = self.following if self.following.strip() else self.following + _A_SENTENCE
        found = sentences(said + blank + following)
        return next((each.pause for each in found if each.end == len(said)), Pause.WORD)

    def placed(self, chunks: Iterable[TextChunk]) -> Iterator[TextChunk]:
        """Yield text chunks at their positions in the whole text; the last one gets the part's pause."""
        chunk = None
        for following in chunks:
            if chunk is not None:
                yield chunk
            chunk = replace(following, start=self.start + following.start, end=self.start + following.end)
        if chunk is not None:
            yield replace(chunk, pause=self.pause)


class TextSource(Protocol):
    """Text that arrives while it is spoken; the request's thread reads it."""

    is_over: bool
    """Whether the last part has been read."""
    is_waiting: bool
    """Whether the request only waits for text; written by the request's thread, read by any thread."""

    @property
    def taken(self) -> tuple[str, int]:
        """The beginning of the text so far, and the length of all of it in characters."""
        ...

    def poll(self) -> TextPart | None:
        """Return the next part; None if none has come yet. Does not wait."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for the next part or the end of the text; return whether either has come."""
        ...


class RequestText:
    """The parts of a request's text that have a word; each other part becomes a skipped event."""

    def __init__(self, request: SpeechRequest, source: TextSource | None, clock: Clock) -> None:
        """Without a ``source`` the text is the request's own."""
        self.request = request
        self._source = source
        self.clock = clock
        self._first: TextPart | None = None
        self._skipped: deque[SkippedEvent] = deque()
        self._parts = self._with_words()

    @property
    def is_whole(self) -> bool:
        """Whether the whole text came with the request."""
        return self._source is None

    def await_words(self) -> None:
        """Wait for the first word; raises ``NothingToSpeak`` and ``Clock``'s errors."""
        if self._source is None:
            self.request.check_words()
            return
        for part in self._parts:
            if part is not None:
                self._first = part
                return
            self.wait()
        raise NothingToSpeak

    def parts(self) -> Iterator[TextPart | None]:
        """Yield the parts, and None while no further part has come."""
        if self._source is None:
            text = self.request.text
            yield TextPart(0, len(text), text, is_last=True)
            return
        yield self._first
        yield from self._parts

    def wait(self) -> None:
        """Wait for text, however late the client sends it; raises ``Clock``'s errors."""
        if self._source is None:
            return
        self._source.is_waiting = True
        try:
            while not self._source.wait(min(self.clock.seconds_left, _LOOK_EVERY_S)):
                self.clock.check()
            self.clock.check()
        finally:
            self._source.is_waiting = False

    def comes_within(self, seconds: float) -> bool:
        """Wait up to ``seconds``; return whether more text, or its end, has come."""
        return self._source is None or self._source.wait(seconds)

    def skipped(self) -> Iterator[SkippedEvent]:
        """Yield the skipped events since the last call."""
        while self._skipped:
            yield self._skipped.popleft()

    def _with_words(self) -> Iterator[TextPart | None]:
        while self._source is not None and not self._source.is_over:
            part = self._source.poll()
            if part is None:
                if not self._source.is_over:
                    yield None
                continue
            self._source.is_waiting = False
            if not part.text:
                self._skip(part, "open_thought")
            elif not self.request.has_words(part.text):
                self._skip(part, "nothing_to_speak")
            else:
                yield part

    def _skip(self, part: TextPart, reason: Literal["nothing_to_speak", "open_thought"]) -> None:
        self._skipped.append(SkippedEvent(part.start, part.end, reason))
