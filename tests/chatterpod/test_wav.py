"""Closing the header of a streamed WAV file."""

import numpy as np
import pytest
import soundfile

from chatterpod.saving import close_wav_header
from worker.audio.encoders.wav import WavEncoder


def test_a_streamed_wav_gets_its_length(tmp_path):
    path = tmp_path / "a.wav"
    encoder = WavEncoder(16_000)
    path.write_bytes(encoder.encode(np.zeros(500, np.float32)) + encoder.flush())
    with path.open("r+b") as file:
        close_wav_header(file)
    whole = tmp_path / "b.wav"
    soundfile.write(whole, np.zeros(500, np.float32), 16_000, subtype="PCM_16")
    assert path.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("content", [b"", b"RIFF", b"ID3" * 50, b"RIFF" + bytes(100)])
def test_any_other_file_is_left_alone(tmp_path, content):
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    with path.open("r+b") as file:
        close_wav_header(file)
    assert path.read_bytes() == content
