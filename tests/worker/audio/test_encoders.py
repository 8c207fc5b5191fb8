"""Encoders: incremental, playable, complete."""

import io

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from worker.audio.encoders import FORMATS, WAV_HEADER_BYTES, wav_header


def _tone(seconds: float, rate: int) -> np.ndarray:
    return (0.4 * np.sin(2 * np.pi * 300 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def _encode(name: str, samples: np.ndarray, rate: int, sizes: list[int]) -> bytes:
    encoder = FORMATS[name].encoder(rate)
    out, start = b"", 0
    for size in sizes:
        out += encoder.encode(samples[start : start + size])
        start += size
    return out + encoder.encode(samples[start:]) + encoder.flush()


def _decode(data: bytes) -> np.ndarray:
    with av.open(io.BytesIO(data)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono")
        frames = [block for frame in container.decode(audio=0) for block in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 44_100, 48_000])
def test_wav_decodes_to_exactly_the_samples(rate):
    samples = _tone(1.0, rate)
    decoded, decoded_rate = soundfile.read(
        io.BytesIO(_encode("wav", samples, rate, [7, 1000])), dtype="float32"
    )
    assert decoded_rate == rate
    assert len(decoded) == len(samples)
    assert np.abs(decoded - samples).max() < 1 / 32_000


@pytest.mark.parametrize("rate", FORMATS["mp3"].sample_rates)
def test_mp3_decodes_to_the_same_speech(rate):
    samples = _tone(2.0, rate)
    decoded = _decode(_encode("mp3", samples, rate, [100, 5000]))
    assert 0 <= len(decoded) - len(samples) < 3 * 1152
    middle = samples[rate // 2 : rate]
    start = np.argmax(np.correlate(decoded[: rate + 3000], middle, "valid"))
    assert np.corrcoef(decoded[start : start + len(middle)], middle)[0, 1] > 0.99


@pytest.mark.parametrize("name", FORMATS)
@given(sizes=st.lists(st.integers(0, 3000), max_size=20))
def test_the_bytes_do_not_depend_on_the_blocks(name, sizes):
    samples = _tone(0.7, 24_000)
    assert _encode(name, samples, 24_000, sizes) == _encode(name, samples, 24_000, [])


@pytest.mark.parametrize("name", FORMATS)
def test_a_speech_of_nothing_is_still_a_file(name):
    data = _encode(name, np.zeros(0, np.float32), 24_000, [])
    assert data == (wav_header(24_000) if name == "wav" else b"")


def test_what_is_too_loud_is_clipped():
    loud = np.array([2.0, -2.0], np.float32)
    assert np.frombuffer(_encode("pcm", loud, 24_000, []), "<i2").tolist() == [32_767, -32_767]


def test_a_closed_wav_header_has_the_length():
    header = wav_header(24_000, 480)
    assert len(header) == WAV_HEADER_BYTES
    assert soundfile.info(io.BytesIO(header + bytes(480))).frames == 240
