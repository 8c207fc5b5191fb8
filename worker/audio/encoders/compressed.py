"""Compressed formats, with the codecs and containers in PyAV's wheel."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import av
import numpy as np
from typing_extensions import override

from voices.clips.clip import Samples
from worker.audio.encoders.base import AudioEncoder
from worker.audio.encoders.pcm import to_int16


@dataclass(frozen=True)
class Codec:
    """A codec and its container, by ffmpeg's names, with options that minimise delay."""

    name: str
    container: str
    sample_format: str
    codec_options: Mapping[str, str] = field(default_factory=dict)
    container_options: Mapping[str, str] = field(default_factory=dict)


MP3 = Codec(
    "libmp3lame",
    "mp3",
    "fltp",
    # With a bit reservoir LAME delays each frame until the next ones are known.
    codec_options={"reservoir": "0"},
    # The Xing frame needs the length, which is unknown; a tag would delay the audio.
    container_options={"write_xing": "0", "id3v2_version": "0"},
)
AAC = Codec("aac", "adts", "fltp")
OPUS = Codec(
    "libopus",
    "ogg",
    "flt",
    codec_options={"frame_duration": "20"},
    # In microseconds: one frame per page. The container holds one page back, to mark the last.
    container_options={"page_duration": "20000"},
)
FLAC = Codec(
    "flac",
    "flac",
    "s16",
    # Levels up to 2 use blocks of at most 27 ms, the others 105 ms; speech becomes 5% larger.
    codec_options={"compression_level": "2"},
    container_options={"metadata_header_padding": "0"},
)


class CompressedEncoder(AudioEncoder):
    """One stream in one container, of mono samples at ``sample_rate`` Hz.

    ``kbit_rate`` is in thousands of bits per second, None for a lossless codec.
    """

    def __init__(self, codec: Codec, sample_rate: int, kbit_rate: int | None) -> None:
        self._codec = codec
        self._sample_rate = sample_rate
        self._written = _Written()
        # Bit-exact: otherwise a container gets a random serial number.
        options = {"flush_packets": "1", "fflags": "+bitexact", **codec.container_options}
        self._container = av.open(self._written, "w", format=codec.container, options=options)
        stream = self._container.add_stream(
            codec.name, rate=sample_rate, options=dict(codec.codec_options), layout="mono"
        )
        assert isinstance(stream, av.AudioStream)  # noqa: S101  # an audio codec has no other stream type
        self._stream = stream
        self._stream.format = codec.sample_format
        if kbit_rate is not None:
            self._stream.bit_rate = kbit_rate * 1000
        self._container.start_encoding()

    @override
    def encode(self, samples: Samples) -> bytes:
        if samples.size:
            self._container.mux(self._stream.encode(self._frame(samples)))
        return self._written.take()

    @override
    def flush(self) -> bytes:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._written.take()

    def _frame(self, samples: Samples) -> av.AudioFrame:
        # Converted to 16 bits here, so that FLAC decodes to exactly the PCM samples.
        is_integer = self._codec.sample_format == "s16"
        block = to_int16(samples) if is_integer else np.clip(samples, -1.0, 1.0, dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(
            block[np.newaxis], format="s16" if is_integer else "flt", layout="mono"
        )
        frame.sample_rate = self._sample_rate
        return frame


class _Written:
    """The container's output file: not seekable, like a network stream."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def write(self, data: bytes) -> int:
        self._bytes += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken
