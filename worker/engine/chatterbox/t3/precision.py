"""In which numbers T3's weights are kept and multiplied."""

from enum import StrEnum

import torch


class Precision(StrEnum):
    """How T3 computes."""

    AUTO = "auto"
    """The fastest that the device is good at."""
    FLOAT32 = "float32"
    """Greedy tokens equal stock's."""
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"
    INT8 = "int8"
    """Weights in 8 bits with a scale an output channel, activations in bfloat16; on the CPU only."""

    @property
    def dtype(self) -> torch.dtype:
        """What activations between weights are rounded to."""
        dtype: torch.dtype = getattr(torch, "bfloat16" if self is Precision.INT8 else self.value)
        return dtype

    def resolved(self, device: torch.device) -> "Precision":
        """Replace ``AUTO``; raises ``ValueError`` for what the device does not have.

        Measured on two cores with AVX512-BF16 (``scripts/bench t3``): int8 takes half of bfloat16's
        time a step and a quarter of float32's. Where the CPU lacks bfloat16, both would be slow.
        """
        if self is Precision.INT8 and device.type != "cpu":
            raise ValueError("T3_PRECISION=int8 is for the CPU: use bfloat16 on a GPU.")
        if self is not Precision.AUTO:
            return self
        if device.type == "cpu":
            return Precision.INT8 if _cpu_has_bfloat16() else Precision.FLOAT32
        return Precision.BFLOAT16


def _cpu_has_bfloat16() -> bool:
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001 - torch has no public name for it
