"""The part common to both clients of text in pieces: one voice, one seed, one stream."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from chatterpod.errors import JobCancelled

if TYPE_CHECKING:
    from chatterpod.stream import StreamStart

AHEAD = 2
"""Sentences requested at once: the one that plays, and the next."""
DEFAULT_FORMAT = "pcm"
JOINABLE = ("pcm", "ulaw", "alaw", "mp3", "aac")
_SEEDS = 2**31
_FORMAT_FIELDS = ("format", "response_format")


class _Speech(Protocol):
    @property
    def start(self) -> StreamStart | None: ...
    @property
    def seconds(self) -> float: ...


SpeechT = TypeVar("SpeechT", bound=_Speech)


class InPieces(Generic[SpeechT]):
    """The state of speech made sentence by sentence, as far as it has come."""

    def __init__(self) -> None:
        self._given: list[tuple[str, SpeechT]] = []
        self._skipped: list[str] = []
        self._playing: SpeechT | None = None
        self._is_cancelled = False
        self._is_over = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {len(self._given)} sentences {self.seconds:.2f} s>"

    @property
    def spoken(self) -> str:
        """The text whose audio has been handed out so far: the most that was heard before a barge-in."""
        return "".join(sentence for sentence, _ in self._given)

    @property
    def skipped(self) -> tuple[str, ...]:
        """The parts of the text that are not spoken: without a word, or a `<think>` block never closed."""
        return tuple(self._skipped)

    @property
    def start(self) -> StreamStart | None:
        """The audio's properties; known from the first piece on."""
        return self._given[0][1].start if self._given else None

    @property
    def seconds(self) -> float:
        """Seconds of audio received so far, of the sentences handed out."""
        return sum(speech.seconds for _, speech in self._given)

    def _take(self, item: tuple[str, SpeechT] | BaseException | None) -> SpeechT | None:
        """Return the speech of the reader's next item; None after the last; raise the reader's error."""
        if self._is_cancelled:
            raise JobCancelled("the speech was cancelled")
        if isinstance(item, BaseException):
            raise item
        if item is None:
            return None
        self._given.append(item)
        return item[1]


def joinable_options(options: dict[str, Any]) -> dict[str, Any]:
    """Return every sentence's options; raises ValueError for a format whose files cannot be joined."""
    name = next((options[field] for field in _FORMAT_FIELDS if options.get(field)), DEFAULT_FORMAT)
    if str(name).partition("_")[0] not in JOINABLE:
        raise ValueError(
            f"format: {name} files cannot be joined, and each sentence is one: use {', '.join(JOINABLE)}"
        )
    rest = {field: value for field, value in options.items() if field not in _FORMAT_FIELDS}
    # Without a common seed the tone would change from sentence to sentence.
    return {"seed": random.randrange(_SEEDS), **rest, "format": name}  # noqa: S311 - no secret
