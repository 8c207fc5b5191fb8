"""The number formats that T3 and S3Gen compute in."""

from enum import StrEnum
from typing import Literal

import torch

S3GenPrecision = Literal["auto", "float32", "bfloat16"]


class T3Precision(StrEnum):
    """The format of T3's weights and of their products."""

    AUTO = "auto"
    """The fastest that the device multiplies natively."""
    FLOAT32 = "float32"
    """Greedy tokens equal stock's."""
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"
    INT8 = "int8"
    """8-bit weights with one scale per output channel, activations in bfloat16; on the CPU only."""

    @property
    def dtype(self) -> torch.dtype:
        """The data type of activations between weights."""
        dtype: torch.dtype = getattr(torch, "bfloat16" if self is T3Precision.INT8 else self.value)
        return dtype

    def resolved(self, device: torch.device) -> "T3Precision":
        """Replace ``AUTO``; raises ``ValueError`` for a precision that the device does not have.

        Measured on two cores with AVX512-BF16 (``scripts/bench t3``): an int8 step takes half the time
        of a bfloat16 step and a quarter of a float32 step. A CPU that emulates bfloat16 is slow in both.
        """
        if self is T3Precision.INT8 and device.type != "cpu":
            raise ValueError("T3_PRECISION=int8 is for the CPU: use bfloat16 on a GPU.")
        if self is not T3Precision.AUTO:
            return self
        if device.type == "cpu":
            return T3Precision.INT8 if cpu_multiplies_bfloat16() else T3Precision.FLOAT32
        return T3Precision.BFLOAT16


def s3gen_dtype(precision: S3GenPrecision, device: torch.device) -> torch.dtype:
    """Return S3Gen's data type; "auto" is bfloat16 where the device multiplies it natively, else float32."""
    if precision == "auto":
        is_native = _gpu_multiplies_bfloat16() if device.type == "cuda" else cpu_multiplies_bfloat16()
        return torch.bfloat16 if is_native else torch.float32
    return torch.float32 if precision == "float32" else torch.bfloat16


def cpu_multiplies_bfloat16() -> bool:
    """Whether this CPU has instructions for bfloat16 products.

    oneDNN also accepts bfloat16 on a CPU with AVX-512 alone, and emulates it there, slower than float32.
    """
    supported: bool = torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001 - torch has no public name for it
    return supported


def _gpu_multiplies_bfloat16() -> bool:
    return bool(torch.cuda.is_bf16_supported(including_emulation=False))
