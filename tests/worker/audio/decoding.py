"""Decoding by ffmpeg's libraries, and by its program or sox where they are installed."""

import io

import av
import numpy as np

RAW = {"pcm": "s16le", "ulaw": "mulaw", "alaw": "alaw"}


def decode(data, name, rate):
    """Return a file's samples and their rate, which a raw format has to be told."""
    if not data:
        return np.zeros(0, np.float32), rate
    options = {"sample_rate": str(rate)} if name in RAW else {}
    with av.open(io.BytesIO(data), format=RAW.get(name), options=options) as container:
        decoded_rate = container.streams.audio[0].rate
        resampler = av.AudioResampler(format="flt", layout="mono", rate=decoded_rate)
        frames = [block for frame in container.decode(audio=0) for block in resampler.resample(frame)]
    return np.concatenate(
        [np.zeros(0, np.float32), *(frame.to_ndarray()[0] for frame in frames)]
    ), decoded_rate


def encode(encoder, samples, sizes=()):
    """Encode in blocks of these sizes, the rest as one; return the answers and the flush."""
    answers, start = [], 0
    for size in sizes:
        answers.append(encoder.encode(samples[start : start + size]))
        start += size
    return [*answers, encoder.encode(samples[start:]), encoder.flush()]


def chirp(seconds, rate):
    """Return a tone that sweeps, so that every moment of it can be told from the others."""
    time = np.arange(round(seconds * rate)) / rate
    return (0.4 * np.sin(2 * np.pi * (200 * time + 300 * time**2 / seconds))).astype(np.float32)


def lag(decoded, samples):
    """Return by how many samples the decoded audio is late, found where both correlate best."""
    size = 1 << (len(decoded) + len(samples)).bit_length()
    spectrum = np.fft.rfft(decoded, size) * np.conj(np.fft.rfft(samples, size))
    return int(np.argmax(np.fft.irfft(spectrum, size)[: len(decoded)]))
