"""One text chunk on its way to speech tokens, and the voice that it is spoken in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from torch import Tensor

from worker.engine.chatterbox.t3.kv_cache import VoicePrefix
from worker.engine.chatterbox.t3.sampling import Sampling


@dataclass(eq=False)
class T3Voice:
    """A voice as T3 takes it; its utterances share it."""

    conditionals: Tensor
    """(n, width): ``T3.embed_conditionals``'s."""
    prefix: VoicePrefix | None = None
    """Their keys and values, once an utterance has been prefilled with them."""

    def keep_prefix(self, prefix: VoicePrefix) -> None:
        """Let later utterances begin with these keys and values."""
        self.prefix = prefix


class Ending(Enum):
    """Why an utterance has no more tokens."""

    STOPPED = auto()
    """The model ended it."""
    OVER_BUDGET = auto()
    """It reached ``max_tokens``."""
    CIRCLING = auto()
    """The model repeated itself; the repetitions were removed."""
    CANCELLED = auto()


@dataclass(eq=False)
class Utterance:
    """One text chunk in T3: the text and its sampling, and the tokens so far."""

    voice: T3Voice
    text: Tensor
    """(m, width): ``T3.embed_text``'s."""
    sampling: Sampling
    seed: int
    max_tokens: int
    urgency: Callable[[], float] = lambda: 0.0
    """The smallest gets the next free slot; among equals, the earliest."""
    tokens: list[int] = field(default_factory=list)
    """Speech tokens so far, without the stop token. An utterance that ends as ``CIRCLING`` loses its
    last tokens, some of which may have been read already."""
    ending: Ending | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it has all of its tokens."""
        return self.ending is not None
