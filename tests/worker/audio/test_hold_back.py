"""How much speech each encoder keeps to itself; API.md's table is what is measured here."""

import re
from pathlib import Path

import numpy as np
import pytest
from decoding import chirp, decode, lag

from worker.audio.formats import FORMATS, FormatName

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"\| `(\w+)` \|.*\| (\d+) ms \| (\d+) ms \|$", re.MULTILINE)
PAGE = (ROOT / "docs" / "API.md").read_text("utf-8")
STATED = {name: (int(first), int(most)) for name, first, most in ROW.findall(PAGE)}


def measure(name, rate=None):
    """Return, in ms: speech until the first encoded audio, and the most that is held back later on.

    The latter is what was encoded and cannot be heard yet by whoever decodes all bytes so far,
    counting the silence that some codecs put before the speech.
    """
    output = FormatName.parse(name).output(rate, engine_rate=24_000)
    encoder, block = output.encoder(), output.sample_rate // 500
    samples = chirp(1.2, output.sample_rate)
    written = bytearray(encoder.encode(samples[:0]))
    header, first, most = len(written), None, 0.0
    previous = header
    for fed in range(block, len(samples) + 1, block):
        until_then = fed / output.sample_rate * 1000
        written += encoder.encode(samples[fed - block : fed])
        if first is None and len(written) > header:
            first = until_then
        if until_then > 1000 and len(written) > previous:
            # Just before these bytes came, the most was held back.
            decoded, rate_of_decoded = decode(bytes(written[:previous]), name, output.sample_rate)
            whole = FormatName.parse(name).output(rate, engine_rate=24_000)
            heard = len(decoded) / rate_of_decoded * 1000 - _late_ms(whole, samples, name)
            most = max(most, until_then - heard)
        previous = len(written)
    return first, most


def _late_ms(output, samples, name):
    encoder = output.encoder()
    decoded, rate = decode(encoder.encode(samples) + encoder.flush(), name, output.sample_rate)
    if rate != output.sample_rate:
        return 0.0  # Opus tells its decoders what to leave out
    return lag(decoded, samples) / rate * 1000


@pytest.mark.parametrize("name", FORMATS)
def test_an_encoder_holds_back_what_api_md_says(name):
    first, most = measure(name)
    assert (np.ceil(first), np.ceil(most)) == STATED[name]


def test_the_first_event_has_audio_in_every_format():
    assert all(first <= 100 for first, _ in STATED.values())


if __name__ == "__main__":
    for each in FORMATS:
        print(each, *measure(each))  # noqa: T201
