"""The voices on the device: conditionals as tensors, kept where the model is while there is room."""

from collections import OrderedDict
from collections.abc import Mapping

import torch
from torch import Tensor

from voices.conditionals import Conditionals

Tensors = Mapping[str, Tensor]


class DeviceVoices:
    """Least recently used voices leave the device first, once all take more than ``max_bytes``.

    A voice is known by its ``Conditionals`` object, of which the host's cache keeps one a voice: a
    voice that is published anew comes with another. The tensors are shared by all requests and
    nobody may change them.
    """

    def __init__(self, device: torch.device, max_bytes: int) -> None:
        self._device = device
        self._max_bytes = max_bytes
        self._kept_bytes = 0
        self._voices: OrderedDict[Conditionals, Tensors] = OrderedDict()

    def __len__(self) -> int:
        return len(self._voices)

    @property
    def kept_bytes(self) -> int:
        """Memory that the tensors take on the device."""
        return self._kept_bytes

    def clear(self) -> None:
        """Give all of it back."""
        self._voices.clear()
        self._kept_bytes = 0

    def get(self, conditionals: Conditionals) -> Tensors:
        """Return a voice's tensors by their names in ``conditionals.py``, copied once."""
        tensors = self._voices.pop(conditionals, None)
        if tensors is None:
            tensors = {
                name: torch.tensor(array, device=self._device) for name, array in conditionals.tensors.items()
            }
            self._kept_bytes += conditionals.nbytes
        self._voices[conditionals] = tensors
        while self._kept_bytes > self._max_bytes and len(self._voices) > 1:
            oldest, _ = self._voices.popitem(last=False)
            self._kept_bytes -= oldest.nbytes
        return tensors
