"""Encoders: incremental, playable, complete, and quick to give back what they were given."""

import io
import shutil
import subprocess
import warnings

import av
import numpy as np
import pytest
import soundfile
from decoding import chirp, decode, encode, lag
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.audio.encoders.g711 import G711Encoder, g711_table
from worker.audio.encoders.pcm import PcmEncoder
from worker.audio.encoders.wav import WAV_HEADER_BYTES, wav_header
from worker.audio.formats import FORMATS, FormatName

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # gone from 3.13, which is not supported yet
    import audioop

SPOT_RATES = (8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000)
EXACT = {"pcm", "wav", "flac", "opus"}
LOSSLESS = {"pcm", "wav", "flac"}
EVERY_RATE = [
    (name, rate)
    for name, each in FORMATS.items()
    for rate in (SPOT_RATES if isinstance(each.sample_rates, range) else each.sample_rates)
    if rate in each.sample_rates
]
ALL_INT16 = np.arange(-32_768, 32_768, dtype=np.int16)


def _encoder(name, rate=None):
    return FormatName.parse(name).output(rate, engine_rate=24_000).encoder()


def _encoded(name, samples, rate=None, sizes=()):
    return b"".join(encode(_encoder(name, rate), samples, sizes))


@pytest.mark.parametrize(("name", "rate"), EVERY_RATE)
def test_an_independent_decoder_hears_the_same_speech(name, rate):
    samples = chirp(1.237, rate)
    decoded, decoded_rate = decode(_encoded(name, samples, rate, [100, 5000]), name, rate)
    expected = samples
    if name == "opus":  # whose decoders always answer at 48 kHz
        assert decoded_rate == 48_000
        times = np.arange(round(len(samples) * 48_000 / rate)) / 48_000
        expected = np.interp(times, np.arange(len(samples)) / rate, samples)
    else:
        assert decoded_rate == rate
    late = lag(decoded, expected)
    if name in EXACT:
        assert (late, len(decoded)) == (0, len(expected))
    elif name in {"ulaw", "alaw"}:
        assert late == 0
        assert len(decoded) == -(-len(samples) // (rate // 50)) * (rate // 50)
    else:  # which are padded to whole frames, and say nowhere by how much
        assert 0 < late <= 1105
        assert late <= len(decoded) - len(samples) < 4 * 1152
    heard = decoded[late : late + len(expected)]
    assert np.corrcoef(heard, expected[: len(heard)])[0, 1] > (0.999_999_9 if name in LOSSLESS else 0.995)


@pytest.mark.parametrize("name", sorted(LOSSLESS))
@given(levels=st.lists(st.integers(-32_767, 32_767), min_size=1, max_size=2_000))
def test_lossless_formats_give_back_every_bit(name, levels):
    data = _encoded(name, np.array(levels, np.float32) / 32_767)
    decoded, _ = decode(data, name, 24_000)
    assert np.round(decoded * 32_768).astype(int).tolist() == levels


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=30)
@given(sizes=st.lists(st.integers(0, 3000), max_size=20))
def test_the_bytes_do_not_depend_on_the_blocks(name, sizes):
    samples = chirp(0.7, 24_000)
    assert _encoded(name, samples, 24_000, sizes) == _encoded(name, samples, 24_000)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "opus"])  # needs a packet to be read
def test_a_speech_of_nothing_is_a_file_of_nothing(name):
    decoded, _ = decode(_encoded(name, np.zeros(0, np.float32)), name, 24_000)
    assert not decoded.size


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_too_loud_is_clipped_and_does_not_wrap(name):
    square = np.where(np.arange(24_000) // 60 % 2, 3.0, -3.0).astype(np.float32)
    decoded, _ = decode(_encoded(name, square, 24_000), name, 24_000)
    clipped, _ = decode(_encoded(name, np.clip(square, -1, 1), 24_000), name, 24_000)
    assert np.array_equal(np.clip(decoded, -1, 1), np.clip(clipped, -1, 1))


def test_pcm_is_little_endian_and_uses_the_full_scale():
    loud = np.array([2.0, 0.5, -2.0], np.float32)
    assert PcmEncoder().encode(loud) == np.array([32_767, 16_384, -32_767], "<i2").tobytes()


def test_a_closed_wav_header_has_the_length():
    header = wav_header(24_000, 480)
    assert len(header) == WAV_HEADER_BYTES
    assert soundfile.info(io.BytesIO(header + bytes(480))).frames == 240


def test_a_bit_rate_in_the_name_is_the_files():
    samples = chirp(4.0, 44_100)
    low, high = (_encoded(f"mp3_44100_{kbit}", samples) for kbit in (32, 128))
    assert len(low) == pytest.approx(32_000 / 8 * 4.0, rel=0.05)
    assert len(high) == pytest.approx(128_000 / 8 * 4.0, rel=0.05)


@pytest.mark.parametrize("codec", ["pcm_mulaw", "pcm_alaw"])
def test_every_g711_code_is_read_by_ffmpeg_as_by_the_standard_library(codec):
    law = {"pcm_mulaw": "ulaw", "pcm_alaw": "alaw"}[codec]
    decoder = av.AudioCodecContext.create(codec, "r")
    decoder.sample_rate, decoder.layout = 8_000, "mono"
    (frame,) = decoder.decode(av.Packet(bytes(range(256))))
    expand = {"ulaw": audioop.ulaw2lin, "alaw": audioop.alaw2lin}[law]
    assert frame.to_ndarray()[0].tolist() == np.frombuffer(expand(bytes(range(256)), 2), "<i2").tolist()


@pytest.mark.parametrize(("law", "compand"), [("ulaw", audioop.lin2ulaw), ("alaw", audioop.lin2alaw)])
def test_every_16_bit_level_has_the_standard_librarys_g711_code(law, compand):
    codes = g711_table(law)[ALL_INT16.view(np.uint16)]
    assert codes.tobytes() == compand(ALL_INT16.tobytes(), 2)


@pytest.mark.parametrize(("law", "expand"), [("ulaw", audioop.ulaw2lin), ("alaw", audioop.alaw2lin)])
def test_g711_is_never_further_off_than_half_a_step(law, expand):
    decoded = np.frombuffer(expand(g711_table(law)[ALL_INT16.view(np.uint16)].tobytes(), 2), "<i2").astype(
        int
    )
    levels, loudest = ALL_INT16.astype(int), decoded.max()
    # Steps grow with the level; two of the sixteen bits are dropped before.
    half_a_step = (np.abs(levels) + 132) / 32 + 4
    assert np.all(np.abs(decoded - np.clip(levels, -loudest, loudest)) <= half_a_step)


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
@given(sizes=st.lists(st.integers(0, 700), min_size=1, max_size=30))
def test_every_answer_of_g711_is_whole_frames_of_20_ms(law, sizes):
    samples = np.full(sum(sizes), 0.5, np.float32)
    answers = encode(G711Encoder(law, 8_000), samples, sizes)
    assert all(len(answer) % 160 == 0 for answer in answers)
    joined = b"".join(answers)
    assert len(joined) == -(-len(samples) // 160) * 160
    silence = g711_table(law)[0]
    assert set(joined[len(samples) :]) <= {silence}
    assert silence not in joined[: len(samples)]


RAW = {
    "ffmpeg": {
        "pcm": ["-f", "s16le", "-ar", "8000", "-ac", "1"],
        "ulaw": ["-f", "mulaw", "-ar", "8000", "-ac", "1"],
        "alaw": ["-f", "alaw", "-ar", "8000", "-ac", "1"],
    },
    "sox": {
        "pcm": ["-t", "raw", "-r", "8000", "-c", "1", "-b", "16", "-e", "signed-integer"],
        "ulaw": ["-t", "raw", "-r", "8000", "-c", "1", "-b", "8", "-e", "u-law"],
        "alaw": ["-t", "raw", "-r", "8000", "-c", "1", "-b", "8", "-e", "a-law"],
    },
}
"""The options that tell each program of a format without a header."""


def _heard(program, name, path):
    """Decode a file with a program of this machine."""
    command = {
        "ffmpeg": [
            "ffmpeg",
            "-v",
            "error",
            *RAW["ffmpeg"].get(name, []),
            "-i",
            path,
            "-f",
            "s16le",
            "-ar",
            "8000",
            "-",
        ],
        "sox": ["sox", *RAW["sox"].get(name, []), path, "-t", "raw", "-b", "16", "-e", "signed-integer", "-"],
    }[program]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, "<i2")


# Debian's sox decodes no AAC, and Opus and MP3 only with packages of their own.
@pytest.mark.parametrize(
    ("program", "name"),
    [("ffmpeg", name) for name in FORMATS] + [("sox", name) for name in ("wav", "flac", *RAW["sox"])],
)
def test_the_programs_on_this_machine_hear_the_same_speech(program, name, tmp_path):
    if shutil.which(program) is None:  # a newcomer's machine; in CI the program is there, and a skip fails
        pytest.skip(f"no {program}: install Debian's")
    samples = chirp(1.237, 8_000)
    path = tmp_path / f"speech.{name}"
    path.write_bytes(_encoded(name, samples, 8_000))
    heard = _heard(program, name, path)
    late = lag(heard / 32_768, samples)
    assert late == (0 if name not in {"mp3", "aac"} else pytest.approx(0, abs=1105))
    overlap = heard[late : late + len(samples)]
    assert np.corrcoef(overlap, samples[: len(overlap)])[0, 1] > 0.98
