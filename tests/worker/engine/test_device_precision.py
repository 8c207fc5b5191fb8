"""T3 and S3Gen ask the CPU one question: whether it multiplies bfloat16 natively."""

import pytest
import torch

from worker.engine.chatterbox.s3gen.affine import Affine
from worker.engine.precision import T3Precision, s3gen_dtype

CPU = torch.device("cpu")


@pytest.mark.parametrize("is_native", [True, False])
def test_both_halves_agree_on_whether_the_cpu_multiplies_bfloat16(
    monkeypatch: pytest.MonkeyPatch, is_native: bool
) -> None:
    """Even where oneDNN would emulate it, as on AVX-512 without bfloat16."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: is_native)
    in_t3, in_s3gen = T3Precision.AUTO.resolved(CPU), s3gen_dtype("auto", CPU)
    by_onednn = Affine(torch.zeros(8, 8), None, torch.bfloat16)._by_onednn
    if is_native:
        assert (in_t3, in_s3gen) == (T3Precision.INT8, torch.bfloat16)
        assert by_onednn == torch.backends.mkldnn.is_available()
    else:
        assert (in_t3, in_s3gen, by_onednn) == (T3Precision.FLOAT32, torch.float32, False)


def test_t3s_int8_is_refused_where_there_is_no_kernel_for_it() -> None:
    with pytest.raises(ValueError, match="T3_PRECISION=int8"):
        T3Precision.INT8.resolved(torch.device("cuda"))


def test_a_named_precision_is_kept() -> None:
    assert T3Precision.FLOAT32.resolved(CPU) is T3Precision.FLOAT32
    assert T3Precision.AUTO.resolved(torch.device("cuda")) is T3Precision.BFLOAT16
    assert s3gen_dtype("float32", CPU) is torch.float32
    assert s3gen_dtype("bfloat16", CPU) is torch.bfloat16
