"""The engine protocol: the rest of the worker depends on this alone for speech synthesis."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from voices.clips.clip import Clip, Samples
from voices.conditionals import Conditionals
from voices.voice import LONGEST_PROMPT_SECONDS
from worker.audio.stages import Stage
from worker.errors import EngineFailure


@dataclass(frozen=True)
class Occupancy:
    """How busy an engine is; read without a lock, so two of its numbers may be an instant apart."""

    streams: int
    """Text chunks that the engine has, waiting or being spoken."""
    waiting: int
    """The number of those that have no slot yet."""
    slots_used: int
    slots: int
    """Upper bound of text chunks whose tokens are decoded at once."""


class Pulse:
    """Liveness: an engine's threads mark each of their steps, and a watchdog reads how long one takes."""

    def __init__(self) -> None:
        self._began: dict[int, float] = {}
        self._failure: EngineFailure | None = None

    @contextmanager
    def beat(self) -> Iterator[None]:
        """Mark the calling thread as busy with one step."""
        thread = threading.get_ident()
        self._began[thread] = time.monotonic()
        try:
            yield
        finally:
            del self._began[thread]

    @property
    def longest_step_seconds(self) -> float:
        """The age of the oldest step in progress; 0 without one."""
        now = time.monotonic()
        return max((now - began for began in list(self._began.values())), default=0.0)

    @property
    def failure(self) -> EngineFailure | None:
        """Why the engine has stopped for good, if it has."""
        return self._failure

    def stop(self, failure: EngineFailure) -> None:
        """Record that the engine has stopped for good in this process; the first reason is kept."""
        self._failure = self._failure or failure


class Playback:
    """A model of the listener, who plays from the first audio on in real time, and pauses without audio.

    All text chunks of a request share it. The request's thread writes it; the engine's thread may read a
    value that is an instant old.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._seconds = 0.0
        self._as_of: float | None = None
        self.order = 0
        """The index of the text chunk that the listener is receiving."""
        self.underruns = 0
        """How often the listener ran out of audio before the end."""
        self.underrun_seconds = 0.0
        """The total time without audio."""

    @property
    def has_begun(self) -> bool:
        """Whether the listener has received any audio."""
        return self._as_of is not None

    @property
    def buffered_seconds(self) -> float:
        """Audio that the listener has not played yet; negative for the time since it ran out."""
        return 0.0 if self._as_of is None else self._seconds - (self._clock() - self._as_of)

    def excuse(self) -> bool:
        """Return whether the listener has nothing to play, which is no fault of the engine's: text is late.

        No underrun is counted for it, and the next audio is a first one.
        """
        if self.buffered_seconds > 0:
            return False
        self._seconds, self._as_of = 0.0, None
        return True

    def note(self, seconds: float) -> None:
        """Record that the listener received so much more audio."""
        left = self.buffered_seconds
        if left < 0:
            self.underruns += 1
            self.underrun_seconds -= left
        self._seconds, self._as_of = max(left, 0.0) + seconds, self._clock()


IsCancelled = Callable[[], bool]
"""Called between the steps of long work, which stops once it returns True."""


def _never() -> bool:
    return False


@dataclass(frozen=True, eq=False)
class Delivery:
    """How to deliver one text chunk's speech."""

    cancelled: IsCancelled = _never
    playback: Playback = field(default_factory=Playback)
    """The request's listener; the engine serves the listener first who will run out of audio first."""
    order: int = 0
    """The text chunk's index in the request."""
    is_awaited: bool = False
    """Whether the listener hears nothing until this text chunk is spoken, as at the request's beginning."""
    whole: bool = False
    """Whether the request is unstreamed: all samples may come at once, which is cheaper."""


@dataclass(frozen=True)
class SpeechOptions:
    """The request's speech options; an engine reads those named in its ``options``.

    None means the engine's default.
    """

    seed: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    exaggeration: float | None = None
    cfg_weight: float | None = None
    language: str | None = None

    def for_text_chunk(self, index: int) -> "SpeechOptions":
        """Return the options of one text chunk, with its own seed; the first has the request's seed."""
        return self if self.seed is None else replace(self, seed=(self.seed + index) % 2**32)


@dataclass(frozen=True, eq=False)
class SpeechBlock:
    """A block of speech as the engine makes it."""

    samples: Samples
    """(n,) mono float32 in [-1, 1] at the engine's sample rate."""
    speech_tokens: int = 0
    """Number of speech tokens rendered in them; 0 from an engine without speech tokens."""
    was_cut: bool = False
    """Whether the engine ended the speech here because the model had lost the text."""


class SpeechStream(Protocol):
    """One text chunk's speech as an iterator of blocks."""

    def __iter__(self) -> Iterator[SpeechBlock]:
        """Return itself."""
        ...

    def __next__(self) -> SpeechBlock:
        """Wait for the next block; raises ``EngineFailure`` when the model fails."""
        ...

    def close(self) -> None:
        """Stop the remaining work."""
        ...


class Engine(Protocol):
    """One speech model for many concurrent requests: any thread may call any method."""

    name: str
    """As in the ``ENGINE`` setting and the start event."""
    sample_rate: int
    """Hz of the samples that ``stream`` yields."""
    fingerprint: str
    """Identifies the encoders that ``prepare`` uses; ``stream`` refuses conditionals of other encoders."""
    options: frozenset[str]
    """The fields of ``SpeechOptions`` that the engine honours; others are reported as ignored."""
    watermarks: bool
    """Whether ``watermark`` returns a stage."""
    capacity: int
    """Concurrent requests that fit in memory."""
    pulse: Pulse
    """Liveness: how long the current step has been running."""

    def prepare(self, clip: Clip, prompt_seconds: float = LONGEST_PROMPT_SECONDS) -> Conditionals:
        """Compute a voice's conditionals from its prepared reference clip.

        ``prompt_seconds`` is the length of the prompt in it, for an engine that renders after a prompt.
        """
        ...

    def default_conditionals(self) -> Conditionals:
        """Return the built-in voice; raises ``UnknownVoice`` without one."""
        ...

    def stream(
        self, text: str, conditionals: Conditionals, options: SpeechOptions, delivery: Delivery
    ) -> SpeechStream:
        """Speak one text chunk; several of a request may be in progress, and are read in order.

        The blocks end early once ``delivery.cancelled()`` returns True. Raises ``VoiceIncompatible`` for
        conditionals of other encoders, and ``EngineFailure`` when the model fails, here or at a block.
        """
        ...

    def watermark(self) -> Stage | None:
        """Return a stage that marks one request's samples; None without a watermark."""
        ...

    def occupancy(self) -> Occupancy | None:
        """Return how busy the engine is; None (the default) for an engine without slots."""
        return None

    def close(self) -> None:
        """Release the engine's memory and threads; it is unusable afterwards."""
        ...
