"""Where a request's text comes from: all of it at once, or part by part while it is spoken."""

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
"""A request that waits for text is woken when its text comes, or its client leaves; this is a safety net."""
_A_SENTENCE = " Aa"


@dataclass(frozen=True, slots=True)
class TextPart:
    """Characters ``start`` to ``end`` of a request's text."""

    start: int
    end: int
    text: str
    """Empty for a block without an end, which is not spoken."""
    following: str = ""
    """The beginning of what comes after it, as far as that is known."""
    is_last: bool = False
    """Whether it is known that no part comes after it."""

    @property
    def pause(self) -> Pause:
        """The pause after it, where more is spoken; a part that ends within a sentence has a word's pause."""
        said = self.text.rstrip()[-LONGEST_SENTENCE:]
        blank = self.text[len(self.text.rstrip()) :]
        following = self.following if self.following.strip() else self.following + _A_SENTENCE
        found = sentences(said + blank + following)
        return next((each.pause for each in found if each.end == len(said)), Pause.WORD)

    def placed(self, chunks: Iterable[TextChunk]) -> Iterator[TextChunk]:
        """Yield its text chunks at their places in the whole text; the last one has the part's pause."""
        chunk = None
        for following in chunks:
            if chunk is not None:
                yield chunk
            chunk = replace(following, start=self.start + following.start, end=self.start + following.end)
        if chunk is not None:
            yield replace(chunk, pause=self.pause)


class TextSource(Protocol):
    """Text that is fed while it is spoken; the request's thread reads it."""

    is_over: bool
    """Whether no part comes any more."""
    is_waiting: bool
    """Whether the request has nothing to do but to wait for text; written by the request, read by all."""

    @property
    def taken(self) -> str:
        """The text of all parts so far."""
        ...

    def poll(self) -> TextPart | None:
        """Return the next part; None where none has come yet. Does not wait."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait until ``poll`` has something to tell, but not longer than this; returns whether it has."""
        ...


class RequestText:
    """The parts of a request's text that have a word; the others are told by skipped events."""

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
        """Whether all of it came with the request."""
        return self._source is None

    def await_words(self) -> None:
        """Wait for the first word; raises ``NothingToSpeak`` and what ``Clock`` raises."""
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
        """Yield the parts; None where none has come yet."""
        if self._source is None:
            text = self.request.text
            yield TextPart(0, len(text), text, is_last=True)
            return
        yield self._first
        yield from self._parts

    def wait(self) -> None:
        """Wait for text, of which the client may take its time; raises what ``Clock`` raises."""
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
        """Wait no longer than this; whether there is text then, or the end of it."""
        return self._source is None or self._source.wait(seconds)

    def skipped(self) -> Iterator[SkippedEvent]:
        """Yield what was skipped and not told yet."""
        while self._skipped:
            yield self._skipped.popleft()

    def _with_words(self) -> Iterator[TextPart | None]:
        while self._source is not None and not self._source.is_over:
            part = self._source.poll()
            if part is None:
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
