"""Recordings with every fault, made of spoken ones."""

import io
import struct
import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr

from voices.clip import Clip

RATE = 24_000


def resized(clip: Clip, seconds: float) -> np.ndarray:
    """So many seconds of speech at 24 kHz, over and over."""
    samples = soxr.resample(clip.samples, clip.sample_rate, RATE)
    return np.resize(samples, int(seconds * RATE)).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(int(seconds * RATE), np.float32)


def noise(like: np.ndarray, level_db: float) -> np.ndarray:
    """White noise as long as ``like``, at so many dBFS."""
    return np.random.default_rng(0).normal(0, 10 ** (level_db / 20), len(like)).astype(np.float32)


def hum(like: np.ndarray, level: float) -> np.ndarray:
    """A 50 Hz hum and its overtone."""
    time = np.arange(len(like)) / RATE
    return (level * (np.sin(100 * np.pi * time) + 0.5 * np.sin(200 * np.pi * time))).astype(np.float32)


def written(
    samples: np.ndarray, rate: int = RATE, *, container: str = "WAV", subtype: str = "PCM_16"
) -> bytes:
    """A file made by libsndfile; ``samples`` are (n,) or (n, channels)."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=container, subtype=subtype)
    return buffer.getvalue()


def encoded(samples: np.ndarray, container: str, codec: str, rate: int = RATE, layout: str = "mono") -> bytes:
    """A file made by ffmpeg, all channels alike."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="flt", layout="mono")
        frame.sample_rate = RATE
        resampler = av.AudioResampler(stream.format, layout, rate, frame_size=stream.frame_size or 1024)
        for source in (frame, None):
            for resampled in resampler.resample(source):
                output.mux(stream.encode(resampled))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def video_without_audio() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=Fraction(25))
        stream.width = stream.height = 64
        for _ in range(25):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def png() -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(buffer, "PNG")
    return buffer.getvalue()


def riff(rate: int, channels: int, frames: int, *, claimed_bytes: int | None = None) -> bytes:
    """A 16-bit WAV file of silence, with a header that may lie."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as output:
        output.setnchannels(channels)
        output.setsampwidth(2)
        output.setframerate(rate)
        output.writeframes(bytes(2 * channels * frames))
    data = bytearray(buffer.getvalue())
    if claimed_bytes is not None:
        data[40:44] = claimed_bytes.to_bytes(4, "little")
    return bytes(data)


Maker = Callable[[np.ndarray], bytes]

CONTAINERS: dict[str, Maker] = {
    "clip.wav": written,
    "24 bit.wav": lambda s: written(s, subtype="PCM_24"),
    "float.wav": lambda s: written(s, subtype="FLOAT"),
    "double.wav": lambda s: written(s, subtype="DOUBLE"),
    "float beyond full scale.wav": lambda s: written(2 * s / np.abs(s).max(), subtype="FLOAT"),
    "NaN.wav": lambda s: written(np.where(np.arange(len(s)) % 9_999, s, np.nan), subtype="FLOAT"),
    "8 bit.wav": lambda s: written(s, subtype="PCM_U8"),
    "mono.mp3": lambda s: encoded(s, "mp3", "libmp3lame", 44_100),
    "stereo.mp3": lambda s: encoded(s, "mp3", "libmp3lame", 44_100, "stereo"),
    "clip.m4a": lambda s: encoded(s, "mp4", "aac", 48_000, "stereo"),
    "clip.ogg": lambda s: written(s, container="OGG", subtype="VORBIS"),
    "clip.opus": lambda s: encoded(s, "ogg", "libopus", 48_000),
    "clip.flac": lambda s: written(s, container="FLAC"),
    "clip.webm": lambda s: encoded(s, "webm", "libopus", 48_000, "stereo"),
    "clip.mkv": lambda s: encoded(s, "matroska", "pcm_s16le", 48_000, "stereo"),
    "clip.aiff": lambda s: written(s, container="AIFF"),
    "clip.caf": lambda s: written(s, container="CAF"),
    "clip.w64": lambda s: written(s, container="W64"),
    "44.1 kHz stereo.wav": lambda s: encoded(s, "wav", "pcm_s16le", 44_100, "stereo"),
    "48 kHz stereo.wav": lambda s: encoded(s, "wav", "pcm_s16le", 48_000, "stereo"),
    "96 kHz stereo.flac": lambda s: encoded(s, "flac", "flac", 96_000, "stereo"),
    "16 kHz.wav": lambda s: encoded(s, "wav", "pcm_s16le", 16_000),
    "surround.wav": lambda s: written(np.stack([0 * s, 0 * s, s, 0 * s, 0 * s, 0 * s], axis=1)),
    "quad.wav": lambda s: written(np.stack([s, s, s, s], axis=1)),
    "left only.wav": lambda s: written(np.stack([s, 0 * s], axis=1)),
    "phase inverted.wav": lambda s: written(np.stack([s, -0.9 * s], axis=1)),
    "lying about its size.wav": lambda s: written(s)[:40] + b"\xff\xff\xff\xff" + written(s)[44:],
    "truncated.wav": lambda s: written(s)[:-100_001],
    "truncated.mp3": lambda s: encoded(s, "mp3", "libmp3lame", 44_100)[:-20_001],
}
"""All good, 14 s of speech."""

WARNED: dict[str, tuple[str, Maker]] = {
    "clipped": ("clipped", lambda s: written(np.clip(s * 5, -1, 1))),
    "clipped, then made quieter": ("clipped", lambda s: written(np.clip(s * 5, -1, 1) * 0.2)),
    "clipped, as mp3": (
        "clipped",
        lambda s: encoded(np.clip(s * 8, -1, 1), "mp3", "libmp3lame", 44_100),
    ),
    "clipped, in 8 bits": ("clipped", lambda s: written(np.clip(s * 5, -1, 1), subtype="PCM_U8")),
    "noisy": ("noisy", lambda s: written(s * 0.5 + noise(s, -40))),
    "humming": ("noisy", lambda s: written(s * 0.5 + hum(s, 0.02))),
    "quiet": ("quiet", lambda s: written(s * 0.03, subtype="PCM_24")),
    "8 kHz mu-law": ("narrow_band", lambda s: encoded(s, "wav", "pcm_mulaw", 8_000)),
    "8 kHz A-law": ("narrow_band", lambda s: encoded(s, "wav", "pcm_alaw", 8_000)),
    "8 kHz AMR-like, upsampled": (
        "narrow_band",
        lambda s: written(soxr.resample(soxr.resample(s, RATE, 8_000), 8_000, RATE)),
    ),
    "DC": ("dc_offset", lambda s: written(s * 0.5 + 0.1)),
    "6 s": ("short", lambda s: written(s[: 6 * RATE])),
}
"""Usable, with this warning and no other."""

REFUSED: dict[str, tuple[str, Maker]] = {
    "digital zeros": ("silent", lambda s: written(0 * s)),
    "next to nothing": ("silent", lambda s: written(noise(s, -80), subtype="FLOAT")),
    "noise alone": ("too_short", lambda s: written(noise(s, -20))),
    "hum alone": ("too_short", lambda s: written(hum(s, 0.3))),
    "one click": ("too_short", lambda s: written(np.where(np.arange(len(s)) == RATE, 1.0, 0.0))),
    "3 s": ("too_short", lambda s: written(s[: 3 * RATE])),
    "4.9 s": ("too_short", lambda s: written(s[: int(4.9 * RATE)])),
    "3 s in long silence": (
        "too_short",
        lambda s: written(np.concatenate([silence(9), s[:72_000], silence(9)])),
    ),
    "0 bytes": ("empty", lambda _: b""),
    "no samples": ("empty", lambda s: written(s[:0])),
    "garbage": ("not_audio", lambda _: np.random.default_rng(1).bytes(50_000)),
    "text": ("not_audio", lambda _: b"These are notes, not audio. " * 100),
    "a PNG": ("not_audio", lambda _: png()),
    "a playlist": ("not_audio", lambda _: b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n"),
    "truncated m4a": ("not_audio", lambda s: encoded(s, "mp4", "aac")[:40_000]),
    "a header alone": ("empty", lambda s: written(s)[:44]),
    "1 Hz": ("not_audio", lambda _: riff(1, 1, 100_000)),
    "255 channels": ("not_audio", lambda _: riff(24_000, 255, 10_000)),
    "video without audio": ("no_audio_track", lambda _: video_without_audio()),
    "an hour": ("too_long", lambda _: riff(8_000, 1, 3_600 * 8_000)),
    "a bomb": ("too_long", lambda _: written(np.zeros(3 * 3_600 * 8_000, np.int16), 8_000, container="FLAC")),
}
"""No voice, and why."""


def save(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def mp4_claiming(packets: int) -> bytes:
    """An MP4 of 1.5 kB that claims so many packets of one byte each."""

    def box(kind: bytes, *parts: bytes) -> bytes:
        content = b"".join(parts)
        return struct.pack(">I", 8 + len(content)) + kind + content

    def table(kind: bytes, *numbers: int) -> bytes:
        return box(kind, bytes(4), struct.pack(f">{len(numbers)}I", *numbers))

    codec = box(b"mp4a", bytes(7), b"\1", bytes(8), struct.pack(">HHII", 1, 16, 0, 24_000 << 16))
    tables = box(
        b"stbl",
        box(b"stsd", bytes(4), struct.pack(">I", 1), codec),
        table(b"stts", 1, packets, 1024),
        table(b"stsc", 1, 1, packets, 1),
        table(b"stsz", 1, packets),
        table(b"stco", 1, 40),
    )
    track = box(
        b"trak",
        box(b"tkhd", bytes(84)),
        box(
            b"mdia",
            box(b"mdhd", bytes(12), struct.pack(">II", 24_000, 1000), bytes(4)),
            box(b"hdlr", bytes(8), b"soun", bytes(13)),
            box(b"minf", tables),
        ),
    )
    header = box(b"mvhd", bytes(12), struct.pack(">II", 1000, 1000), bytes(80))
    return box(b"ftyp", b"isom", bytes(4), b"isom") + box(b"mdat", bytes(1000)) + box(b"moov", header, track)
