"""Which data type a part computes in."""

from typing import Literal

import torch

Precision = Literal["auto", "float32", "bfloat16"]


def resolve(precision: Precision, device: torch.device) -> torch.dtype:
    """Return the data type; "auto" is bfloat16 where the processor multiplies it, else float32."""
    if precision == "auto":
        return torch.bfloat16 if _multiplies_bfloat16(device) else torch.float32
    return torch.float32 if precision == "float32" else torch.bfloat16


def _multiplies_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # Elsewhere oneDNN would emulate it, which is slower than float32.
    supported: bool = torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001 - it has no other name
    return supported
