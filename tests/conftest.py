"""What all tests share: recorded speech, made here, and containers to put it in."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import settings
from speech import speak_clip
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from voices.clips.clip import Clip
from voices.clips.preparation import PreparedClip, prepare_clip
from voices.registry import VoiceRegistry

# Threads that wait by spinning make torch ten times slower on a machine with anything else to do.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

IS_ONE_OF_SEVERAL = "PYTEST_XDIST_WORKER" in os.environ
if IS_ONE_OF_SEVERAL:  # each process has a core
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes is for benchmarks: a busy machine must not fail a test.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


_FOLDERS_OF_MODELS = ("tests/gpu/", "tests/worker/engine/chatterbox/")


class OneProcessForModels(LoadFileScheduling):
    """A process that has loaded full-size models takes up to 12 GB: there is to be one."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "models" if file.startswith(("tests/benchmarks/", "tests/worker/engine/")) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """With `-n`, let one process have the files that load models, first; the others take the rest."""
    config.option.loadscopereorder = False
    return OneProcessForModels(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `.ci/run` say that a program which is missing there is a fault."""
    parser.addoption(
        "--no-skips", action="store_true", help="a skipped test fails, unless it is marked `gpu`"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that load a checkpoint, by their folder or their fixtures."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "small_checkpoint" in fixtures or item.nodeid.startswith(_FOLDERS_OF_MODELS):
            item.add_marker("model")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if item.get_closest_marker("gpu") is None:
        _fail_if_skipped(report, item.config)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report, collector.config)
    return report


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport, config: pytest.Config) -> None:
    if report.skipped and not hasattr(report, "wasxfail") and config.getoption("--no-skips"):
        report.outcome, report.longrepr = "failed", f"skipped, with --no-skips: {report.longreprtext}"


SPEECH_TOKENS = (20, 45)
"""Of an utterance of the small checkpoint: 0.8 to 1.8 s."""


@pytest.fixture
def anyio_backend() -> str:
    """The event loop of the SDK and of uvicorn."""
    return "asyncio"


@pytest.fixture(scope="session")
def speech() -> Clip:
    """About 10 s of speech at 22,050 Hz."""
    return speak_clip()


@pytest.fixture(scope="session")
def prepared(speech: Clip) -> PreparedClip:
    """The same, as a reference clip."""
    from voices.clips.decoding import decode_clip

    return prepare_clip(decode_clip(speech.to_flac()))


@pytest.fixture
def quick_decodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the engines of a test's commands and workers decode with the least work."""
    monkeypatch.setenv("FLOW_STEPS", "1")
    monkeypatch.setenv("PROMPT_SECONDS", "1")


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


@pytest.fixture(scope="session")
def small_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Write 1.2 GB, to be removed at the end: pytest keeps the directories of three runs.

    Its utterances are short (0.8 to 1.8 s), to keep the tests so.
    """
    from synthetic.checkpoint import write_synthetic_checkpoint

    directory = tmp_path_factory.mktemp("checkpoint") / "small"
    write_synthetic_checkpoint(directory, t3="small", speech_tokens=SPEECH_TOKENS)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def utterance_tokens() -> tuple[int, int]:
    """Return the fewest and the most speech tokens that the small checkpoint speaks."""
    return SPEECH_TOKENS
