"""The engine protocol: what the rest of the worker knows of speech synthesis."""

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
    """An engine's threads beat it around each step; a watchdog listens."""

    def __init__(self) -> None:
        self._began: dict[int, float] = {}
        self._failure: EngineFailure | None = None

    @contextmanager
    def beat(self) -> Iterator[None]:
        """Do one step, on whichever thread this is."""
        thread = threading.get_ident()
        self._began[thread] = time.monotonic()
        try:
            yield
        finally:
            del self._began[thread]

    @property
    def longest_step_seconds(self) -> float:
        """How long the oldest of the steps under way has taken; 0 while there is none."""
        now = time.monotonic()
        return max((now - began for began in list(self._began.values())), default=0.0)

    @property
    def failure(self) -> EngineFailure | None:
        """Why the engine can do nothing more, if so."""
        return self._failure

    def stop(self, failure: EngineFailure) -> None:
        """Say that the engine can do nothing more in this process; the first reason stays."""
        self._failure = self._failure or failure


class Playback:
    """A listener who plays from the first audio on, as fast as it was spoken, and waits when there is none.

    Shared by all text chunks of a request. Written by the request's thread; what the engine's reads
    may be an instant old.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._seconds = 0.0
        self._as_of: float | None = None
        self.order = 0
        """Which of the request's text chunks is being given to the listener."""
        self.underruns = 0
        """How often the listener had nothing to play before the end."""
        self.underrun_seconds = 0.0
        """And for how long in all."""

    @property
    def has_begun(self) -> bool:
        """Whether the first audio is there."""
        return self._as_of is not None

    @property
    def buffered_seconds(self) -> float:
        """Audio that the listener has not played yet; below zero is how long there has been none."""
        return 0.0 if self._as_of is None else self._seconds - (self._clock() - self._as_of)

    def note(self, seconds: float) -> None:
        """Take in that the listener was given this much more."""
        left = self.buffered_seconds
        if left < 0:
            self.underruns += 1
            self.underrun_seconds -= left
        self._seconds, self._as_of = max(left, 0.0) + seconds, self._clock()


IsCancelled = Callable[[], bool]
"""Asked between steps of long work: once it answers True, the work stops."""


def _never() -> bool:
    return False


@dataclass(frozen=True, eq=False)
class Delivery:
    """How one text chunk's speech is wanted."""

    cancelled: IsCancelled = _never
    playback: Playback = field(default_factory=Playback)
    """The request's listener: the one that is nearest to running dry is served first."""
    order: int = 0
    """Which of the request's text chunks this is."""
    whole: bool = False
    """Nobody listens before the end: the samples may come at once, for less work."""


@dataclass(frozen=True)
class SpeechOptions:
    """How to speak, as far as the request says; an engine reads the ones named in its ``options``.

    None leaves the choice to the engine's own default.
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
        """Derive the options of one text chunk: each has a seed of its own, the first the request's."""
        return self if self.seed is None else replace(self, seed=(self.seed + index) % 2**32)


@dataclass(frozen=True, eq=False)
class SpeechBlock:
    """A piece of speech as an engine makes it."""

    samples: Samples
    """(n,) mono float32 in [-1, 1] at the engine's sample rate."""
    speech_tokens: int = 0
    """How many speech tokens were decoded into them; 0 from an engine that has none."""
    was_cut: bool = False
    """Whether speech was ended here because it had lost its text."""


class SpeechStream(Protocol):
    """One text chunk's speech, as it comes."""

    def __iter__(self) -> Iterator[SpeechBlock]:
        """Return itself."""
        ...

    def __next__(self) -> SpeechBlock:
        """Wait for the next block; raises ``EngineFailure`` when the model fails."""
        ...

    def close(self) -> None:
        """Stop the work, if there is any left."""
        ...


class Engine(Protocol):
    """One speech model, for many requests at once: any thread may call any method."""

    name: str
    """As in the ``ENGINE`` setting and the start event."""
    sample_rate: int
    """Hz of the samples that ``stream`` yields."""
    fingerprint: str
    """Names the encoders behind ``prepare``; conditionals of another fingerprint are not accepted."""
    options: frozenset[str]
    """The fields of ``SpeechOptions`` that this engine honours; the others are reported as ignored."""
    watermarks: bool
    """Whether ``watermark`` is on."""
    capacity: int
    """Requests that there is memory for at once."""
    pulse: Pulse
    """Whether it gets on."""

    def prepare(self, clip: Clip, prompt_seconds: float = LONGEST_PROMPT_SECONDS) -> Conditionals:
        """Compute a voice's conditionals from its prepared reference clip.

        ``prompt_seconds`` is how much of it leads every decode, for an engine that has such a prompt.
        """
        ...

    def default_conditionals(self) -> Conditionals:
        """Return the built-in voice; raises ``UnknownVoice`` when there is none."""
        ...

    def stream(
        self, text: str, conditionals: Conditionals, options: SpeechOptions, delivery: Delivery
    ) -> SpeechStream:
        """Speak one text chunk; several of a request may be under way, to be read in their order.

        The blocks end early once ``delivery.cancelled()`` is true. Raises ``VoiceIncompatible`` for
        foreign conditionals and ``EngineFailure`` when the model fails, here or at a block.
        """
        ...

    def watermark(self) -> Stage | None:
        """Return a stage that marks one request's samples, or None for an engine that marks none."""
        ...

    def occupancy(self) -> Occupancy | None:
        """Return how busy the engine is; None (the default) for an engine without slots."""
        return None

    def close(self) -> None:
        """Give back what the engine holds; it cannot be used afterwards."""
        ...
