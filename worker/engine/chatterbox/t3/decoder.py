"""T3's decoder: prefills slots, then decodes one token of every slot per step."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from worker.engine.chatterbox.t3.attention import CachedAttention, SharedPrefixAttention
from worker.engine.chatterbox.t3.kv_cache import KVCache, VoicePrefix
from worker.engine.chatterbox.t3.model import T3
from worker.engine.chatterbox.t3.sampling import choose_tokens
from worker.engine.chatterbox.t3.slots import Slots
from worker.engine.chatterbox.t3.utterance import Utterance
from worker.engine.cuda_graphs import GraphPool, Replay
from worker.engine.machine import free_memory

_LENGTH_BUCKET = {"cpu": 64, "cuda": 256}
"""Attention lengths are rounded up to a multiple of this; each has a graph of its own."""

_SPARE_POSITIONS = 4
"""Unused positions of each slot: steps may be in progress when the host sees the stop token."""

_PREFILL_BUCKET = 16
"""Texts prefilled together are padded to a multiple of this."""


Bucket = tuple[int, int, bool]
"""A step's rows, the positions it attends over, and whether it sorts the whole vocabulary."""


class PendingTokens:
    """A step's tokens, which are being copied to the host."""

    def __init__(self, tokens: Tensor) -> None:
        self._arrived: torch.cuda.Event | None = None
        if tokens.is_cuda:
            self._tokens = torch.empty(tokens.shape, dtype=tokens.dtype, pin_memory=True)
            self._tokens.copy_(tokens, non_blocking=True)
            self._arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._arrived.record()  # type: ignore[no-untyped-call]
        else:
            self._tokens = tokens

    def wait(self) -> list[int]:
        """Wait for the copy; return the tokens in the order of the rows."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return [int(token) for token in self._tokens.tolist()]


class Decoder:
    """The slots and their memory. Belongs to one thread."""

    def __init__(self, model: T3, slots: int, length: int, dtype: torch.dtype | None = None) -> None:
        """Allocate ``slots`` of ``length`` positions; ``dtype`` is the cache's."""
        self.model = model
        self.slots = Slots(slots, model.sizes, model.device)
        self.cache = KVCache(model.sizes, slots, length, dtype or cache_dtype(model), model.device)
        self.slot_count = slots
        self._every_slot = torch.arange(slots, device=model.device)
        self._lengths = [0] * slots  # positions in use as the host knows them; 0 for a free slot
        self._needs_all = [False] * slots
        self._prefixes: list[VoicePrefix | None] = [None] * slots
        self._bucket = _LENGTH_BUCKET[model.device.type]
        self._graphs = GraphPool() if model.device.type == "cuda" else None
        self._captured: dict[Bucket, tuple[Replay, Tensor]] = {}

    @torch.inference_mode()
    def prefill(self, joining: Sequence[tuple[int, Utterance]]) -> PendingTokens:
        """Prefill utterances in free slots; return their first tokens, in that order.

        Raises ``ValueError``, before any slot is touched, for a text that a slot cannot hold.
        """
        for _, utterance in joining:
            self._require_room(utterance)
        starts = [self._begin(slot, utterance) for slot, utterance in joining]
        embeddings, lengths = _padded([_input(utterance) for _, utterance in joining])
        slots = torch.tensor([slot for slot, _ in joining], device=self.model.device)
        first = torch.tensor(starts, device=self.model.device)
        count = torch.tensor(lengths, device=self.model.device)
        # The padding lies after each text: speech overwrites it before anything attends to it.
        positions = first[:, None] + torch.arange(embeddings.shape[1], device=self.model.device)
        positions = positions.clamp(max=self.cache.length - 1)
        reach = self._reach(max(start + embeddings.shape[1] for start in starts))
        attend = CachedAttention(self.cache, slots, positions, reach)
        hidden = self.model(embeddings, positions, attend)
        last = hidden[torch.arange(len(joining), device=hidden.device), count - 1]
        tokens = self._choose(last, slots, whole=any(each.sampling.needs_all for _, each in joining))
        self.slots.begin(slots, tokens, first + count)
        for (slot, _), start, length in zip(joining, starts, lengths, strict=True):
            self._lengths[slot] = start + length
        return PendingTokens(tokens)

    @torch.inference_mode()
    def step(self) -> PendingTokens:
        """Decode one token of every slot in use; return one row per slot, from the first."""
        batch = self._batch()
        length = self._reach(max(self._lengths) + 1)
        whole = any(self._needs_all)

        def run() -> Tensor:
            return self._step(batch, length, whole=whole)

        tokens = run() if self._graphs is None else self._replay(self._graphs, (batch, length, whole), run)
        self._lengths = [length + 1 if length else 0 for length in self._lengths]
        return PendingTokens(tokens)

    def prefix_of(self, slot: int, length: int) -> VoicePrefix:
        """Copy a prefilled voice's keys and values, to start other slots with."""
        self._prefixes[slot] = prefix = self.cache.save_prefix(slot, length)
        return prefix

    def leave(self, slot: int) -> None:
        """Free a slot."""
        self.slots.leave(slot)
        self._lengths[slot] = 0
        self._needs_all[slot] = False
        self._prefixes[slot] = None

    def move(self, source: int, target: int) -> None:
        """Move a stream to a free slot: a step computes no rows after the last slot in use."""
        self.cache.move(source, target, self._lengths[source])
        self.slots.move(source, target)
        self._lengths[target], self._needs_all[target] = self._lengths[source], self._needs_all[source]
        self._prefixes[target] = self._prefixes[source]
        self.leave(source)

    def room(self, conditionals: int, text: int) -> int:
        """Return how many speech tokens a slot has room for after a voice and a text."""
        return self.cache.length - conditionals - text - _SPARE_POSITIONS

    def _require_room(self, utterance: Utterance) -> None:
        needed = len(utterance.voice.conditionals) + len(utterance.text)
        # Beyond its last position a slot would write everything to that one, and speak nonsense.
        if needed > self.cache.length:
            raise ValueError(f"A text needs {needed} positions where a slot has {self.cache.length}.")

    def _begin(self, slot: int, utterance: Utterance) -> int:
        """Return the position after the voice's prefix, or 0 without one."""
        prefix = utterance.voice.prefix
        self.slots.join(slot, utterance.sampling, utterance.seed, self.model.sizes.start_token)
        self._needs_all[slot] = utterance.sampling.needs_all
        self._prefixes[slot] = prefix
        if prefix is None:
            return 0
        self.cache.load_prefix(slot, prefix)
        return prefix.length

    def _step(self, batch: int, length: int, *, whole: bool) -> Tensor:
        slots = self._every_slot[:batch]
        positions = self.slots.position[:batch, None]
        embeddings = self.model.embed_speech(self.slots.token[:batch])[:, None]
        hidden = self.model(embeddings, positions, self._attention(slots, positions, length))
        tokens = self._choose(hidden[:, 0], slice(batch), whole=whole)
        self.slots.advance(tokens)
        return tokens

    def _replay(self, graphs: GraphPool, bucket: Bucket, step: Callable[[], Tensor]) -> Tensor:
        """Run a step from its bucket's graph; the next replay overwrites the tokens."""
        if bucket not in self._captured:
            self._captured[bucket] = self._capture(graphs, step)
        replay, tokens = self._captured[bucket]
        replay()
        return tokens

    def _capture(self, graphs: GraphPool, step: Callable[[], Tensor]) -> tuple[Replay, Tensor]:
        before = self.slots.saved()
        # A warm-up's keys and values need no undo: the next step overwrites the same position.
        return graphs.capture(step, undo=lambda: self.slots.restore(before))

    def _attention(self, slots: Tensor, positions: Tensor, length: int) -> CachedAttention:
        """Return a step's attention; on the CPU, streams in one voice share its prefix."""
        prefixes = self._prefixes[: len(slots)]
        prefix = prefixes[0]
        if self._graphs is None and len(slots) > 1 and prefix and all(each is prefix for each in prefixes):
            return SharedPrefixAttention(self.cache, slots, positions, length, prefix)
        return CachedAttention(self.cache, slots, positions, length, first_slots=len(slots))

    def _choose(self, hidden: Tensor, slots: Tensor | slice, *, whole: bool) -> Tensor:
        return choose_tokens(
            self.model.speech_logits(hidden),
            self.slots.sampling.rows(slots),
            self.slots.seen[slots],
            self.slots.next_keys(slots),
            whole=whole,
        )

    def _batch(self) -> int:
        """Return how many of the first slots a step computes: on a GPU a power of two, or all."""
        last = max(slot for slot, length in enumerate(self._lengths) if length)
        if self.model.device.type == "cpu":
            return last + 1
        return min(1 << last.bit_length(), self.slots.count)

    def _reach(self, length: int) -> int:
        return min(-(-length // self._bucket) * self._bucket, self.cache.length)


def cache_dtype(model: T3) -> torch.dtype:
    """Return the data type of keys and values: on the CPU float32, with which attention is faster."""
    return torch.float32 if model.device.type == "cpu" else model.precision.dtype


def _input(utterance: Utterance) -> Tensor:
    """Return the embeddings (n, width) to prefill: the text's, after the voice's unless it has a prefix."""
    voice = utterance.voice
    return torch.cat([voice.conditionals, utterance.text]) if voice.prefix is None else utterance.text


def _padded(inputs: Sequence[Tensor]) -> tuple[Tensor, list[int]]:
    """Stack (n_i, width) inputs as (b, n, width), padded with zeros; return their lengths too."""
    lengths = [len(each) for each in inputs]
    longest = -(-max(lengths) // _PREFILL_BUCKET) * _PREFILL_BUCKET
    stacked = inputs[0].new_zeros(len(inputs), longest, inputs[0].shape[1])
    for row, each in zip(stacked, inputs, strict=True):
        row[: len(each)] = each
    return stacked, lengths


_MOST = {"cpu": 16, "cuda": 64}
"""Upper bounds of slots: more were measured (CPU), or are expected (CUDA), to add little throughput."""

_SHARE_OF_FREE_MEMORY = 0.5
"""The rest is for S3Gen, voices and CUDA graphs; on the CPU for everything else."""


def slot_count(t3: T3, length: int) -> int:
    """Return how many slots of ``length`` positions fit in the device's memory, at least 1."""
    most = _MOST[t3.device.type]
    # On the CPU the system allocates a slot's memory as it is first written, so none is in use yet.
    free = free_memory() if t3.device.type == "cpu" else torch.cuda.mem_get_info(t3.device)[0]
    each = KVCache.bytes_per_slot(t3.sizes, length, cache_dtype(t3))
    return max(min(most, int(free * _SHARE_OF_FREE_MEMORY / each)), 1)
