"""One text chunk in the engine: its speech for the request's thread, its task on the model's."""

import contextvars
import queue
import threading
from dataclasses import dataclass
from typing import NamedTuple

from typing_extensions import override

from voices.conditionals import Conditionals
from worker.engine.base import Delivery, SpeechBlock, SpeechOptions, SpeechStream
from worker.engine.chatterbox.chunk_schedule import ChunkSchedule
from worker.engine.chatterbox.failure import as_failure
from worker.engine.chatterbox.s3gen.batch import LOOKAHEAD, SPEECH_VOCABULARY
from worker.engine.chatterbox.s3gen.s3gen import RenderCall
from worker.engine.chatterbox.s3gen.stream import RenderStream
from worker.engine.chatterbox.t3.utterance import Utterance

_MOST_UNREAD = 8
"""Upper bound of unread blocks. Back-pressure on a slow reader: S3Gen waits for it, T3 does not."""

_AUDIO_CHUNKS_BEFORE = 2
"""Audio chunks that a later text chunk counts as already made: it starts with a larger one, since the
listener is still playing the text chunk before it."""

_SECONDS_FOR_THE_WHOLE = 5.0
"""Urgency of an unstreamed request: listeners with less than this left to play come first."""

_SECONDS_A_TEXT_CHUNK = 10.0
"""How much more urgent each text chunk of a request is than the next one."""


class Speech(SpeechStream):
    """One text chunk's order, and its blocks on their way from the model's thread to the request's.

    The request's thread iterates and closes; the model's thread does everything else.
    """

    def __init__(
        self, text: str, conditionals: Conditionals, options: SpeechOptions, delivery: Delivery
    ) -> None:
        self.text = text
        self.conditionals = conditionals
        self.options = options
        self.delivery = delivery
        self.blocks = 0
        """Number of blocks so far."""
        self._outbox: queue.SimpleQueue[SpeechBlock | Exception | None] = queue.SimpleQueue()
        self._abandoned = threading.Event()
        self._has_ended = False
        self._context = contextvars.copy_context()  # of the request, whose thread constructs it

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
        """Whether the request still waits for it."""
        return not self._abandoned.is_set() and not self.delivery.cancelled()

    @property
    def is_read(self) -> bool:
        """Whether the reader keeps up."""
        return self._outbox.qsize() < _MOST_UNREAD

    def urgency(self) -> float:
        """Return the seconds until the listener has nothing to play: the least is served first."""
        if self.delivery.whole:
            return _SECONDS_FOR_THE_WHOLE
        playback = self.delivery.playback
        ahead = max(self.delivery.order - playback.order, 0)
        return playback.buffered_seconds + ahead * _SECONDS_A_TEXT_CHUNK

    @property
    def audio_chunks_before(self) -> int:
        """How many audio chunks the schedule counts before the next one."""
        is_heard_late = self.delivery.order and not self.delivery.is_awaited
        return self.blocks + (_AUDIO_CHUNKS_BEFORE if is_heard_late else 0)

    @property
    def is_reproducible(self) -> bool:
        """Whether the same request must give the same samples each time: it has a seed."""
        return self.options.seed is not None

    def put(self, block: SpeechBlock) -> None:
        """Hand a block to the request."""
        self.blocks += 1
        self._outbox.put(block)

    def finish(self, error: Exception | None = None) -> None:
        """End the stream, with ``error`` as the reason if any; the log has it under the request's id."""
        self._outbox.put(error and self._context.run(as_failure, error, "speak"))


@dataclass(eq=False)
class Task:
    """A text chunk in the model: its speech, and its halves in T3 and S3Gen. For the model's thread only."""

    speech: Speech
    utterance: Utterance
    stream: RenderStream
    given: int = 0
    """How many of the utterance's tokens S3Gen has."""

    def due(self, schedule: ChunkSchedule) -> "Share | None":
        """Return the tokens that S3Gen should render now; None while it should wait."""
        if not self.speech.is_read:
            return None
        left = len(self.utterance.tokens) - self.given
        if self.speech.delivery.whole:
            return Share(left, final=True) if self.utterance.has_ended else None
        enough = self._chunk_tokens(schedule) + LOOKAHEAD - self.stream.unrendered
        if left >= enough:
            # A reproducible request gets exactly the scheduled number: its chunks must not depend on how
            # far T3 got meanwhile.
            return Share(enough if self.speech.is_reproducible else left, final=False)
        return Share(left, final=True) if self.utterance.has_ended else None

    def _chunk_tokens(self, schedule: ChunkSchedule) -> int:
        speech = self.speech
        buffered = None if speech.is_reproducible else speech.delivery.playback.buffered_seconds
        return schedule.tokens(speech.audio_chunks_before, buffered)

    def render_call(self, share: "Share") -> RenderCall:
        """Take the share's tokens from the utterance; return the call that renders them."""
        new = self.utterance.tokens[self.given : self.given + share.tokens]
        self.given += share.tokens
        # Start and stop tokens have no sound.
        return RenderCall(self.stream, [token for token in new if token < SPEECH_VOCABULARY], share.final)


class Share(NamedTuple):
    """The utterance's next tokens."""

    tokens: int
    final: bool
    """Whether they are its last."""
