"""Recordings with every kind of defect, made from clean speech."""

import io
import struct
import tempfile
import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr

from voices.clips.clip import Clip

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


def encoded(
    samples: np.ndarray,
    container: str,
    codec: str,
    rate: int = RATE,
    layout: str = "mono",
    **options: str,
) -> bytes:
    """A file made by ffmpeg, all channels alike."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container, options=options) as output:
        _encode(output, output.add_stream(codec, rate=rate, layout=layout), samples)
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


def beside(
    samples: np.ndarray,
    container: str,
    codec: str,
    *,
    second: np.ndarray | None = None,
    video: str | None = None,
    cover: bool = False,
    picture: int = 64,
    subtitles: str | None = None,
    chapters: bool = False,
) -> bytes:
    """A sound with other streams beside it; it is the first of the file, but for a ``video``'s "before"."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        pictures = _video(output) if video == "before" else None
        rate = 44_100 if container == "mp3" else 48_000
        sounds = [(output.add_stream(codec, rate=rate, layout="mono"), samples)]
        if second is not None:
            sounds.append((output.add_stream(codec, rate=rate, layout="mono"), second))
        pictures = _video(output) if video == "behind" else pictures
        text = output.add_mux_stream(subtitles) if subtitles else None
        art = _cover(output, picture) if cover else None
        if chapters:
            ends = {"start": 0, "end": 6000}, {"start": 6000, "end": 14_000}
            output.set_chapters(
                [
                    {"id": n, **each, "time_base": Fraction(1, 1000), "metadata": {"title": f"{n}"}}
                    for n, each in enumerate(ends)
                ]
            )
        for stream, count in ((art, 1), (pictures, 50)):
            if stream is not None:
                noise = np.random.default_rng(0).integers(0, 256, (stream.height, stream.width, 3), np.uint8)
                for _ in range(count):
                    output.mux(stream.encode(av.VideoFrame.from_ndarray(noise)))
                output.mux(stream.encode(None))
        if text is not None:
            output.start_encoding()
            line = av.Packet(b"\0\5hello" if subtitles == "mov_text" else b"hello")
            line.stream, line.time_base = text, Fraction(1, 1000)
            line.pts, line.dts, line.duration = 0, 0, 1000
            output.mux(line)
        for stream, track in sounds:
            _encode(output, stream, track)
    return buffer.getvalue()


def _encode(output: av.container.OutputContainer, stream: av.AudioStream, samples: np.ndarray) -> None:
    frame = av.AudioFrame.from_ndarray(samples[np.newaxis].astype(np.float32), format="flt", layout="mono")
    frame.sample_rate = RATE
    resampler = av.AudioResampler(
        stream.format, stream.layout, stream.rate, frame_size=stream.frame_size or 1024
    )
    for source in (frame, None):
        for resampled in resampler.resample(source):
            output.mux(stream.encode(resampled))
    output.mux(stream.encode(None))


def _video(output: av.container.OutputContainer) -> av.VideoStream:
    codec = "libvpx" if output.format.name == "webm" else "mpeg4"
    stream = output.add_stream(codec, rate=Fraction(25), width=64, height=64, pix_fmt="yuv420p")
    assert isinstance(stream, av.VideoStream)
    return stream


def _cover(output: av.container.OutputContainer, size: int) -> av.VideoStream:
    stream = output.add_stream("png", width=size, height=size, pix_fmt="rgb24")
    assert isinstance(stream, av.VideoStream)
    stream.disposition = av.stream.Disposition.attached_pic
    return stream


def index_first(samples: np.ndarray) -> bytes:
    """An M4A file with its index before the sound, as for the web; ffmpeg needs a file to move it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.m4a"
        with av.open(str(path), "w", options={"movflags": "faststart"}) as output:
            _encode(output, output.add_stream("aac", rate=48_000, layout="mono"), samples)
        return path.read_bytes()


def garbled(content: bytes, at: float, share: float) -> bytes:
    """The file with so much of it, from there on, made noise; both as a share of its length."""
    damaged, begin = bytearray(content), int(at * len(content))
    end = begin + max(int(share * len(content)), 200)
    damaged[begin:end] = np.random.default_rng(1).bytes(len(damaged[begin:end]))
    return bytes(damaged)


def without(content: bytes, at: float, share: float) -> bytes:
    """The file without so much of it."""
    return content[: int(at * len(content))] + content[int((at + share) * len(content)) :]


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
    "cover.mp3": lambda s: beside(s, "mp3", "libmp3lame", cover=True),
    "cover.m4a": lambda s: beside(s, "mp4", "aac", cover=True),
    "cover.flac": lambda s: beside(s, "flac", "flac", cover=True),
    "chapters.m4b": lambda s: beside(s, "ipod", "aac", chapters=True),
    "chapters and cover.mp3": lambda s: beside(s, "mp3", "libmp3lame", cover=True, chapters=True),
    "chapters.mka": lambda s: beside(s, "matroska", "libopus", chapters=True),
    "subtitles.mkv": lambda s: beside(s, "matroska", "libopus", subtitles="subrip"),
    "subtitles.mp4": lambda s: beside(s, "mp4", "aac", subtitles="mov_text"),
    "video behind the sound.mp4": lambda s: beside(s, "mp4", "aac", video="behind"),
    "video behind the sound.mkv": lambda s: beside(s, "matroska", "libopus", video="behind"),
    "video before the sound.mov": lambda s: beside(s, "mov", "pcm_s16le", video="before"),
    "video before the sound.webm": lambda s: beside(s, "webm", "libopus", video="before"),
    "two sounds.m4a": lambda s: beside(s, "mp4", "aac", second=0 * s),
    "two sounds.mka": lambda s: beside(s, "matroska", "libopus", second=0 * s[:RATE]),
    "everything.mkv": lambda s: beside(
        s, "matroska", "aac", second=0 * s, video="behind", subtitles="subrip", chapters=True
    ),
    "two joined.mp3": lambda s: 2 * encoded(s, "mp3", "libmp3lame", 44_100),
    "two kinds joined.mp3": lambda s: (
        encoded(s, "mp3", "libmp3lame", 44_100) + encoded(s, "mp3", "libmp3lame", 22_050, "stereo")
    ),
    "a tag with a picture in the middle.mp3": lambda s: (
        encoded(s, "mp3", "libmp3lame", 44_100) + beside(s, "mp3", "libmp3lame", cover=True, picture=300)
    ),
    "not knowing its size.wav": lambda s: written(s)[:40] + b"\x00\xf0\xff\x7f" + written(s)[44:],
    "size of nothing.wav": lambda s: written(s)[:40] + bytes(4) + written(s)[44:],
    "size of a moment.wav": lambda s: written(s)[:40] + b"\xe8\x03\0\0" + written(s)[44:],
    "a chunk at the end.wav": lambda s: written(s) + b"LIST\x04\0\0\0INFO",
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

DAMAGED: dict[str, tuple[float, float, Maker]] = {
    "truncated.wav": (2.0, 2.2, lambda s: written(s)[:-100_001]),
    "claiming 10 s more.wav": (
        9.9,
        10.1,
        lambda s: written(s)[:40] + (2 * len(s) + 20 * RATE).to_bytes(4, "little") + written(s)[44:],
    ),
    "truncated.aiff": (2.0, 2.2, lambda s: written(s, container="AIFF")[:-100_001]),
    "truncated.mp3": (2.4, 2.6, lambda s: encoded(s, "mp3", "libmp3lame", 44_100)[:-20_001]),
    "noise inside.mp3": (0.02, 0.2, lambda s: garbled(encoded(s, "mp3", "libmp3lame", 44_100), 0.3, 0)),
    "zeros inside.mp3": (
        0.1,
        0.6,
        lambda s: (
            encoded(s, "mp3", "libmp3lame", 44_100)[:99_999]
            + bytes(3000)
            + encoded(s, "mp3", "libmp3lame", 44_100)[102_999:]
        ),
    ),
    "a hole.mp3": (0.5, 1.0, lambda s: without(encoded(s, "mp3", "libmp3lame", 44_100), 0.5, 0.05)),
    "no table, a hole.mp3": (
        0.02,
        0.2,
        lambda s: without(encoded(s, "mp3", "libmp3lame", 44_100, write_xing="0"), 0.5, 0.05),
    ),
    "cut short.flac": (
        5.5,
        6.0,
        lambda s: written(s, container="FLAC")[: -len(written(s, container="FLAC")) * 2 // 5],
    ),
    "noise inside.flac": (0.05, 0.4, lambda s: garbled(written(s, container="FLAC"), 0.3, 0)),
    "a hole.flac": (0.5, 1.2, lambda s: without(written(s, container="FLAC"), 0.5, 0.05)),
    "noise inside.m4a": (0.02, 0.2, lambda s: garbled(encoded(s, "mp4", "aac"), 0.3, 0)),
    "cut short, index first.m4a": (5.0, 6.5, lambda s: without(index_first(s), 0.6, 0.4)),
    "cut short, in fragments.m4a": (
        0.0,
        0.2,
        lambda s: without(encoded(s, "mp4", "aac", movflags="empty_moov+frag_every_frame"), 0.6, 0.4),
    ),
    "a broken page.ogg": (
        0.3,
        2.0,
        lambda s: garbled(written(s, container="OGG", subtype="VORBIS"), 0.3, 0),
    ),
    "a broken page.opus": (0.3, 2.0, lambda s: garbled(encoded(s, "ogg", "libopus", 48_000), 0.3, 0)),
    "pages lost.opus": (3.0, 6.0, lambda s: garbled(encoded(s, "ogg", "libopus", 48_000), 0.3, 0.33)),
    "cut short.webm": (
        5.0,
        6.5,
        lambda s: without(encoded(s, "webm", "libopus", 48_000), 0.6, 0.4),
    ),
    "noise inside.aac": (0.01, 0.4, lambda s: garbled(encoded(s, "adts", "aac", 48_000), 0.3, 0.02)),
}
"""Usable, with a warning that so many seconds are lost: at least, at most."""

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
    "mostly noise.mp3": ("damaged", lambda s: garbled(encoded(s, "mp3", "libmp3lame", 44_100), 0.1, 0.8)),
    "mostly noise.flac": ("damaged", lambda s: garbled(written(s, container="FLAC"), 0.1, 0.8)),
    "mostly noise.m4a": ("damaged", lambda s: garbled(encoded(s, "mp4", "aac"), 0.1, 0.8)),
    "mostly noise.opus": ("damaged", lambda s: garbled(encoded(s, "ogg", "libopus", 48_000), 0.1, 0.8)),
    "mostly noise.mkv": ("damaged", lambda s: garbled(encoded(s, "matroska", "libopus", 48_000), 0.1, 0.8)),
    "mostly noise.aac": ("damaged", lambda s: garbled(encoded(s, "adts", "aac", 48_000), 0.1, 0.8)),
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
