"""Conditionals: plain arrays under a fingerprint, as safetensors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voices.conditionals import Conditionals


def _conditionals() -> Conditionals:
    return Conditionals(
        "engine-1", {"a": np.arange(6, dtype=np.int64).reshape(2, 3), "b": np.ones(4, np.float32)}
    )


def test_bytes_give_back_the_same_arrays_and_fingerprint():
    read = Conditionals.from_bytes(_conditionals().to_bytes())
    assert read.fingerprint == "engine-1"
    for name, tensor in _conditionals().tensors.items():
        assert np.array_equal(read.tensors[name], tensor)
        assert read.tensors[name].dtype == tensor.dtype


def test_they_cannot_be_changed():
    for conditionals in (_conditionals(), Conditionals.from_bytes(_conditionals().to_bytes())):
        with pytest.raises(ValueError, match="read-only"):
            conditionals.tensors["a"][0] = 1


@pytest.mark.parametrize("fingerprint", ["", "../x", "Upper", "a" * 65])
def test_a_fingerprint_that_could_not_name_a_file_is_refused(fingerprint):
    with pytest.raises(ValueError, match="not a fingerprint"):
        Conditionals(fingerprint, {})


@given(st.binary(max_size=400))
def test_other_bytes_are_refused(data):
    with pytest.raises(ValueError, match=r"not a file of conditionals|not a fingerprint"):
        Conditionals.from_bytes(data)


@given(st.integers(0, 400))
def test_a_truncated_file_is_refused(length):
    whole = _conditionals().to_bytes()
    if length < len(whole):
        with pytest.raises(ValueError, match="not a file of conditionals"):
            Conditionals.from_bytes(whole[:length])
