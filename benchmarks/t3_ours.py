"""Our side of ``scripts/bench t3``: one precision, measured at several batches."""

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from torch import Tensor

from worker.engine.chatterbox.t3.decoder import Decoder
from worker.engine.chatterbox.t3.kv_cache import VoicePrefix
from worker.engine.chatterbox.t3.model import T3
from worker.engine.chatterbox.t3.sampling import Sampling
from worker.engine.chatterbox.t3.slots import MAX_SPEECH_TOKENS
from worker.engine.chatterbox.t3.utterance import T3Voice, Utterance
from worker.engine.precision import T3Precision


@dataclass
class Samples:
    """Measurements, round by round."""

    taken: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def add(self, case: str, metric: str, value: float) -> None:
        """Add one measurement."""
        self.taken.setdefault((case, metric), []).append(value)

    def of(self, case: str, metric: str) -> float:
        """Return the median."""
        return median(self.taken[case, metric])


_PROMPT_TOKENS = 375
_LENGTH = 512
"""Positions of a slot: a voice, a text and the timed steps."""

_TEXT_TOKENS = 60
"""About 250 characters: the longest that Turbo speaks well."""


@dataclass(eq=False)
class Ours:
    """A loaded T3, and the text and voice of every slot, the same as stock's."""

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
        """The key of its measurements."""
        return self.t3.precision.value

    def utterance(self, seed: int = 0, prefix: VoicePrefix | None = None) -> Utterance:
        """Return a stream with its own seed."""
        with torch.inference_mode():
            conditionals = self.t3.embed_conditionals(self.speaker, self.prompt)
            text = self.t3.embed_text(self.text)
        return Utterance(T3Voice(conditionals, prefix), text, Sampling(), seed, MAX_SPEECH_TOKENS)

    def measure(self, batches: tuple[int, ...], steps: int, samples: "Samples") -> None:
        """Time both prefills, then the steps of every batch, the largest first."""
        # Created each time: the slots of all precisions together might exceed the memory.
        decoder = Decoder(self.t3, max(batches), _LENGTH)
        whole = self.utterance()
        samples.add(self.name, "prefill whole", _prefill_ms(decoder, 0, whole))
        prefix = decoder.prefix_of(0, len(whole.voice.conditionals))
        for slot in range(max(batches)):
            taken = _prefill_ms(decoder, slot, self.utterance(slot, prefix))
            samples.add(self.name, "prefill on the voice's prefix", taken)
        for batch in sorted(batches, reverse=True):
            for slot in range(batch, decoder.slot_count):
                decoder.leave(slot)
            samples.add(self.name, f"batch={batch}", _step_ms(decoder, max(4, steps // batch)))


def _prefill_ms(decoder: Decoder, slot: int, utterance: Utterance) -> float:
    decoder.leave(slot)
    began = perf_counter()
    decoder.prefill([(slot, utterance)]).wait()
    return (perf_counter() - began) * 1000


def _step_ms(decoder: Decoder, steps: int) -> float:
    """Return the mean of some steps; on another device, synchronise after the last one."""
    decoder.step().wait()  # a graph may be captured
    began = perf_counter()
    for _ in range(steps):
        last = decoder.step()
    last.wait()
    return (perf_counter() - began) / steps * 1000
