"""Conditionals: plain arrays under a fingerprint, as safetensors."""

import json
import re

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


WRONG_NUMBERS = st.sampled_from([-1, 0, 1, 8, 24, 32, 2**31, 2**32, 2**63, 2**64, 10**30, 1.5, float("nan")])
WRONG = (
    WRONG_NUMBERS
    | st.sampled_from([None, True, "F32", "BF16", "F8_E4M3", "F4", "C64", "Q9", "x"])
    | st.lists(WRONG_NUMBERS, max_size=3)
    | st.lists(st.just(1), min_size=65, max_size=70)
)
PLACES = st.sampled_from(
    [
        *[(name, fact) for name in ("a", "b", "new") for fact in ("dtype", "shape", "data_offsets")],
        ("__metadata__", "fingerprint"),
        ("a",),
        ("__metadata__",),
    ]
)


def _file(header: object, length: int | None = None, data: int = 64) -> bytes:
    text = json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + bytes(data)


@given(
    st.lists(st.tuples(PLACES, WRONG), min_size=1, max_size=3),
    st.none() | st.sampled_from([0, 1, 100, 10**8, 2**40, 2**63, 2**64 - 1]),
    st.sampled_from([64, 64, 0, 63, 80]),
)
def test_a_header_that_lies_gives_no_more_than_the_file_holds(lies, length, data):
    whole = _conditionals().to_bytes()
    size = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + size])
    for (name, *fact), wrong in lies:
        if not fact:
            header[name] = wrong
        elif isinstance(entry := header.setdefault(name, {}), dict):
            entry[fact[0]] = wrong
    try:
        read = Conditionals.from_bytes(_file(header, length, data))
    except ValueError:
        return
    assert read.nbytes <= data
    assert re.fullmatch("[a-z0-9-]+", read.fingerprint)


@pytest.mark.parametrize(
    "lie",
    [
        {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]},
        {"dtype": "F32", "shape": [16], "data_offsets": [-64, 0]},
        {"dtype": "F32", "shape": [16], "data_offsets": [0, 32]},
        {"dtype": "Q9", "shape": [16], "data_offsets": [0, 64]},
        {"dtype": "F32", "shape": [float("nan")], "data_offsets": [0, 64]},
        {"dtype": "BF16", "shape": [32], "data_offsets": [0, 64]},
    ],
)
def test_a_tensor_that_cannot_be_is_refused(lie):
    with pytest.raises(ValueError, match="not a file of conditionals"):
        Conditionals.from_bytes(_file({"__metadata__": {"fingerprint": "engine-1"}, "a": lie}))


def test_tensors_that_overlap_are_refused():
    entry = {"dtype": "F32", "shape": [16], "data_offsets": [0, 64]}
    with pytest.raises(ValueError, match="not a file of conditionals"):
        Conditionals.from_bytes(_file({"__metadata__": {"fingerprint": "engine-1"}, "a": entry, "b": entry}))
