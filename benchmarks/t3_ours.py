"""Our side of ``scripts/bench t3``: a precision, measured at several batches."""

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from torch import Tensor

from worker.engine.chatterbox.t3.decoder import Decoder, Join
from worker.engine.chatterbox.t3.kv_cache import VoicePrefix
from worker.engine.chatterbox.t3.model import T3
from worker.engine.chatterbox.t3.sampling import Sampling
from worker.engine.precision import T3Precision


@dataclass
class Samples:
    """What was measured, round by round."""

    taken: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def add(self, case: str, metric: str, value: float) -> None:
        """Remember one measurement."""
        self.taken.setdefault((case, metric), []).append(value)

    def of(self, case: str, metric: str) -> float:
        """Return the median."""
        return median(self.taken[case, metric])


_PROMPT_TOKENS = 375
_LENGTH = 512
"""Positions of a slot: a voice, a text and the steps that are timed."""

_TEXT_TOKENS = 60
"""About 250 characters: the longest that Turbo speaks well."""


@dataclass(eq=False)
class Ours:
    """A loaded T3, and what it speaks in every slot: the text and the voice that stock speaks too."""

    t3: T3
    speaker: Tensor
    prompt: Tensor
    text: Tensor

    @classmethod
    def load(cls, file: Path, device: torch.device, precision: T3Precision) -> "Ours":
        """Load a checkpoint's T3."""
        t3 = T3.load(file, device, precision)
        generator = torch.Generator().manual_seed(1)
        speaker = torch.randn(1, 256, generator=generator)
        return cls(
            t3,
            (speaker / speaker.norm()).to(device),
            torch.randint(6561, (1, _PROMPT_TOKENS), generator=generator).to(device),
            torch.randint(50_000, (_TEXT_TOKENS,), generator=generator).to(device),
        )

    @property
    def name(self) -> str:
        """What its measurements are filed under."""
        return self.t3.precision.value

    def join(self, slot: int = 0, prefix: VoicePrefix | None = None) -> Join:
        """Return a stream of its own seed."""
        with torch.inference_mode():
            conditionals = self.t3.embed_conditionals(self.speaker, self.prompt)
            return Join(slot, conditionals, prefix, self.t3.embed_text(self.text), Sampling(), slot)

    def measure(self, batches: tuple[int, ...], steps: int, samples: "Samples") -> None:
        """Time both prefills, then the steps of every batch, the largest first."""
        # Made anew each time: the slots of all precisions together might be more than there is memory.
        decoder = Decoder(self.t3, max(batches), _LENGTH)
        join = self.join()
        samples.add(self.name, "prefill whole", _prefill_ms(decoder, join))
        prefix = decoder.prefix_of(0, len(join.conditionals))
        for slot in range(max(batches)):
            taken = _prefill_ms(decoder, self.join(slot, prefix))
            samples.add(self.name, "prefill on the voice's prefix", taken)
        for batch in sorted(batches, reverse=True):
            for slot in range(batch, decoder.slot_count):
                decoder.leave(slot)
            samples.add(self.name, f"batch={batch}", _step_ms(decoder, max(4, steps // batch)))


def _prefill_ms(decoder: Decoder, join: Join) -> float:
    decoder.leave(join.slot)
    began = perf_counter()
    decoder.prefill([join]).wait()
    return (perf_counter() - began) * 1000


def _step_ms(decoder: Decoder, steps: int) -> float:
    """Return the mean of some steps: the device, if it is another, is waited for after the last."""
    decoder.step().wait()  # a graph may be captured
    began = perf_counter()
    for _ in range(steps):
        last = decoder.step()
    last.wait()
    return (perf_counter() - began) / steps * 1000
