"""One text chunk's speech, on its way from the model's thread to its request's."""

import contextvars
import queue
import threading

from typing_extensions import override

from voices.conditionals import Conditionals
from worker.engine.base import Delivery, SpeechBlock, SpeechOptions, SpeechStream
from worker.engine.chatterbox.failure import as_failure

_MOST_UNREAD = 8
"""Blocks that may wait for a slow reader: its tokens go on, its samples are not decoded until it reads."""

_AUDIO_CHUNKS_BEFORE = 2
"""What a text chunk after the first counts as before it: nobody waits for its beginning in silence."""

_SECONDS_FOR_THE_WHOLE = 5.0
"""Nobody listens before its end: whoever has less than this to play comes first."""

_SECONDS_A_TEXT_CHUNK = 10.0
"""How much sooner each text chunk of a request is wanted than the one behind it."""


class Speech(SpeechStream):
    """What one text chunk is to be, and what there is of it.

    The request's thread iterates and closes; everything else belongs to the model's.
    """

    def __init__(
        self, text: str, conditionals: Conditionals, options: SpeechOptions, delivery: Delivery
    ) -> None:
        self.text = text
        self.conditionals = conditionals
        self.options = options
        self.delivery = delivery
        self.blocks = 0
        """How many blocks there have been."""
        self._outbox: queue.SimpleQueue[SpeechBlock | Exception | None] = queue.SimpleQueue()
        self._abandoned = threading.Event()
        self._has_ended = False
        self._context = contextvars.copy_context()  # the request's: it is made on the request's thread

    @override
    def __iter__(self) -> "Speech":
        return self

    @override
    def __next__(self) -> SpeechBlock:
        if self._has_ended:
            raise StopIteration
        item = self._outbox.get()
        if isinstance(item, SpeechBlock):
            return item
        self._has_ended = True
        if item is None:
            raise StopIteration
        raise item

    @override
    def close(self) -> None:
        self._abandoned.set()

    @property
    def is_wanted(self) -> bool:
        """Whether anybody still waits for it."""
        return not self._abandoned.is_set() and not self.delivery.cancelled()

    @property
    def is_read(self) -> bool:
        """Whether its reader keeps up."""
        return self._outbox.qsize() < _MOST_UNREAD

    def urgency(self) -> float:
        """Return how soon its samples are wanted: seconds until its listener has nothing to play."""
        if self.delivery.whole:
            return _SECONDS_FOR_THE_WHOLE
        playback = self.delivery.playback
        behind = max(self.delivery.order - playback.order, 0)
        return playback.buffered_seconds + behind * _SECONDS_A_TEXT_CHUNK

    @property
    def audio_chunks_before(self) -> int:
        """How far the request's audio chunks have grown."""
        return self.blocks + (_AUDIO_CHUNKS_BEFORE if self.delivery.order else 0)

    @property
    def is_reproducible(self) -> bool:
        """Whether the same request is to sound the same each time: its seed was chosen."""
        return self.options.seed is not None

    def put(self, block: SpeechBlock) -> None:
        """Hand a block to the request."""
        self.blocks += 1
        self._outbox.put(block)

    def finish(self, error: Exception | None = None) -> None:
        """Say that this was all, or why there is no more: the log has it under the request's id."""
        self._outbox.put(error and self._context.run(as_failure, error, "speak"))
