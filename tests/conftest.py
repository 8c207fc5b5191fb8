"""What all tests share: recorded speech, made here, and containers to put it in."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from voices.clip import Clip
from voices.preparation import PreparedClip, prepare_clip
from voices.registry import VoiceRegistry
from worker.engine.espeak import EspeakVoice, shared_espeak

PASSAGE = (
    "The lighthouse keeper climbed the stairs each evening, counting every step aloud. "
    "From the gallery she watched the ships come home, and wrote their names into a book."
)


def speak_clip(text: str = PASSAGE, *, language: str = "en-us", pitch: int = 50) -> Clip:
    """Speak with espeak-ng, independently of the preview engine."""
    espeak = shared_espeak()
    voice = EspeakVoice(language=language, words_per_minute=165, pitch=pitch)
    return Clip(np.concatenate(list(espeak.speak(text, voice))), espeak.sample_rate)


@pytest.fixture(scope="session")
def speech() -> Clip:
    """About 10 s of speech at 22,050 Hz."""
    return speak_clip()


@pytest.fixture(scope="session")
def prepared(speech: Clip) -> PreparedClip:
    """The same, as a reference clip."""
    from voices.clip import decode_clip

    return prepare_clip(decode_clip(speech.to_flac()))


@pytest.fixture
def registry(tmp_path: Path) -> VoiceRegistry:
    """An empty registry in a directory."""
    return VoiceRegistry.at(tmp_path / "voices")


@pytest.fixture
def clip_file(tmp_path: Path, speech: Clip) -> Path:
    """The speech as a FLAC file."""
    path = tmp_path / "clip.flac"
    path.write_bytes(speech.to_flac())
    return path


@pytest.fixture
def encode_clip(tmp_path: Path) -> Callable[..., Path]:
    """Write a clip in any container and codec of ffmpeg."""

    def encode(clip: Clip, name: str, codec: str, sample_rate: int = 48_000, layout: str = "mono") -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=sample_rate, layout=layout)
            frame = av.AudioFrame.from_ndarray(clip.samples[np.newaxis], format="flt", layout="mono")
            frame.sample_rate = clip.sample_rate
            resampler = av.AudioResampler(
                stream.format, layout, sample_rate, frame_size=stream.frame_size or 1024
            )
            for source in (frame, None):
                for resampled in resampler.resample(source):
                    container.mux(stream.encode(resampled))
            container.mux(stream.encode(None))
        return path

    return encode
