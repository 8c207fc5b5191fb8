"""The voices on the device: a cache of their tensors and T3 prefixes, bounded in bytes."""

from collections import OrderedDict
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from voices.conditionals import Conditionals
from worker.engine.chatterbox.t3.utterance import T3Voice

Embed = Callable[[Mapping[str, Tensor]], Tensor]
"""T3's embeddings of a voice's tensors, (n, width)."""


class DeviceVoice(T3Voice):
    """A voice's tensors on the device: shared by all requests, and never changed."""

    def __init__(self, tensors: Mapping[str, Tensor], conditionals: Tensor) -> None:
        super().__init__(conditionals)
        self.tensors = tensors
        """By their names in ``conditionals.py``."""
        self._own_bytes = sum(tensor.nbytes for tensor in tensors.values()) + conditionals.nbytes

    @property
    def nbytes(self) -> int:
        """Memory that the voice takes on the device; it grows with the voice's first utterance."""
        return self._own_bytes + (self.prefix.nbytes if self.prefix is not None else 0)


class DeviceVoices:
    """Evicts the least recently used voices once all take more than ``max_bytes``.

    The key is the ``Conditionals`` object: the host's cache keeps one per voice, and a voice that is
    published again has another. Belongs to the model's thread.
    """

    def __init__(self, device: torch.device, embed: Embed, max_bytes: int) -> None:
        self._device = device
        self._embed = embed
        self._max_bytes = max_bytes
        self._voices: OrderedDict[Conditionals, DeviceVoice] = OrderedDict()

    def __len__(self) -> int:
        return len(self._voices)

    @property
    def kept_bytes(self) -> int:
        """Memory that the voices take on the device."""
        return sum(voice.nbytes for voice in self._voices.values())

    def clear(self) -> None:
        """Evict all voices."""
        self._voices.clear()

    def get(self, conditionals: Conditionals) -> DeviceVoice:
        """Return a voice; copies it to the device on its first use."""
        voice = self._voices.pop(conditionals, None) or self._copied(conditionals)
        self._voices[conditionals] = voice
        # A voice grows with its first utterance; the next call of this method counts that.
        while len(self._voices) > 1 and self.kept_bytes > self._max_bytes:
            self._voices.popitem(last=False)
        return voice

    def _copied(self, conditionals: Conditionals) -> DeviceVoice:
        tensors = {
            name: torch.tensor(array, device=self._device) for name, array in conditionals.tensors.items()
        }
        return DeviceVoice(tensors, self._embed(tensors))
