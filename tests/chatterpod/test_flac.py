"""A streamed FLAC file, once saved, says how long it is."""

import numpy as np
import soundfile

from chatterpod.saving import close_flac_header
from worker.audio.encoders.closing import close_file
from worker.audio.formats import FormatName


def _streamed(samples):
    encoder = FormatName.parse("flac").output(None, engine_rate=24_000).encoder()
    return encoder.encode(np.linspace(-0.5, 0.5, samples, dtype=np.float32)) + encoder.flush()


def test_a_streamed_file_gets_its_length(tmp_path):
    for name, close in (
        ("chatterpod.saving", lambda file: close_flac_header(file, 12_345)),
        ("worker.flac", lambda file: close_file(file, "flac", 24_000, 12_345)),
    ):
        path = tmp_path / name
        path.write_bytes(_streamed(12_345))
        with path.open("r+b") as file:
            close(file)
        samples, rate = soundfile.read(path)
        assert (len(samples), rate) == (12_345, 24_000)
        assert samples[-1] > 0.49


def test_other_files_and_closed_ones_are_left_as_they_are(tmp_path):
    path = tmp_path / "a.flac"
    for content in (b"", b"fLaC", b"RIFF" + bytes(60), _streamed(100)):
        path.write_bytes(content)
        with path.open("r+b") as file:
            close_flac_header(file, 100)
        once = path.read_bytes()
        with path.open("r+b") as file:
            close_flac_header(file, 7)
        assert path.read_bytes() == once
        assert (once == content) is (content[:4] != b"fLaC" or len(content) < 26)
