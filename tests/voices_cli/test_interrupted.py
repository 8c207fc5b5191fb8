"""``voices add`` killed, and a store that fails: readers never see a broken voice, and all can be mended."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from fault_proxy import Fault, FaultProxy
from s3_server import s3_server  # noqa: F401 - a fixture
from typer.testing import CliRunner

from voices.errors import ChatterpodError, UnknownVoice
from voices.registry import VoiceRegistry
from voices_cli.app import app

pytestmark = pytest.mark.process

KILLS_PER_STORE = 8


class Reader(threading.Thread):
    """Reads a voice all the time, as workers do; notes whatever was neither whole nor absent."""

    def __init__(self, registry):
        super().__init__(daemon=True)
        self._registry = registry
        self._stopped = threading.Event()
        self.seen_whole = 0
        self.broken = []

    def run(self):
        while not self._stopped.wait(0.02):
            voice = None
            try:
                voice = self._registry.get("anna")
                self._registry.check(voice)
                self.seen_whole += 1
            except UnknownVoice:
                pass
            except ChatterpodError as error:
                # A voice that was replaced meanwhile is looked for again, and found.
                if voice is None or self._registry.version(voice) == voice.version:
                    self.broken.append(error)

    def __exit__(self, *_):
        self._stopped.set()
        self.join()

    def __enter__(self):
        self.start()
        return self


@pytest.fixture
def s3_environment(s3_server, monkeypatch):  # noqa: F811
    monkeypatch.setenv("RUNPOD_S3_ACCESS_KEY_ID", s3_server.credentials.access_key_id)
    monkeypatch.setenv("RUNPOD_S3_SECRET_ACCESS_KEY", s3_server.credentials.secret_access_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "EU-RO-1")
    return s3_server


@pytest.fixture(params=["directory", "s3"])
def place(request, tmp_path):
    """Where voices go: the options that say so, and the directory in which a worker sees them."""
    if request.param == "directory":
        return ["--target", str(tmp_path / "voices")], tmp_path / "voices"
    server = request.getfixturevalue("s3_environment")
    prefix = f"killed-{random.getrandbits(32):08x}"
    target = ["--target", f"s3://{server.bucket_dir.name}/{prefix}", "--endpoint-url", server.url]
    return target, server.bucket_dir / prefix


def _voices(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def forker():
    """Start ``voices`` commands that can be killed; see forker.py."""
    command = [sys.executable, str(Path(__file__).with_name("forker.py"))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        yield process
        process.stdin.close()


@pytest.mark.timeout(900)
def test_an_add_that_is_killed_at_any_moment_leaves_nothing_broken(place, clip_file, forker):
    target, directory = place
    registry = VoiceRegistry.at(directory)
    moments = random.Random(0)
    add = ["add", "anna", str(clip_file), "--no-precompute", "--force", *target]
    with Reader(registry) as reader:
        for kill in range(KILLS_PER_STORE):
            forker.stdin.write(json.dumps(add) + "\n")
            child = int(forker.stdout.readline())
            if kill % 5:  # most while it writes, some while it prepares
                _wait_for_claim(directory, child)
                time.sleep(moments.uniform(0, 0.05))
            else:
                time.sleep(moments.uniform(0, 1.0))
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            assert forker.stdout.readline() == "ended\n"
            # A request that was on its way when its sender died may land after the first look.
            for _ in range(5):
                repaired = _voices("verify", "--repair", *target)
                assert repaired.exit_code == 0, repaired.output
                left = registry.store.files("anna")
                if not left or len(left) == 2:
                    break
                time.sleep(0.1)
            assert not left or len(left) == 2, left
        assert _voices(*add).exit_code == 0
        time.sleep(0.2)
    assert reader.broken == []
    assert reader.seen_whole > 0
    registry.check(registry.get("anna"))
    assert _voices("verify", *target).exit_code == 0


def _wait_for_claim(directory, child):
    """Wait until the command begins to write, or has ended."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and Path(f"/proc/{child}").exists():
        with suppress(FileNotFoundError):
            if any("claim" in path.name for path in (directory / "anna").iterdir()):
                return
        time.sleep(0.001)


def test_a_server_that_fails_at_random_breaks_nothing(s3_environment, clip_file, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")  # a store that fails now and then must be met
    prefix = "faulty"
    faults = random.Random(1)
    kinds = [Fault.INTERNAL_ERROR, Fault.UNAVAILABLE, Fault.DROP_REQUEST, Fault.DROP_ANSWER]
    registry = VoiceRegistry.at(s3_environment.bucket_dir / prefix)
    with (
        FaultProxy(
            s3_environment.url, lambda _: faults.choice(kinds) if faults.random() < 0.2 else None
        ) as proxy,
        Reader(registry) as reader,
    ):
        target = ["--target", f"s3://{s3_environment.bucket_dir.name}/{prefix}", "--endpoint-url", proxy.url]
        codes = [
            _voices(*command, *target).exit_code
            for _ in range(4)
            for command in (
                ("add", "anna", clip_file, "--no-precompute", "--force"),
                ("list",),
                ("delete", "anna", "--yes"),
            )
        ]
    assert set(codes) <= {0, 3, 4, 6, 7}
    assert reader.broken == []
    healthy = [*target[:3], s3_environment.url]
    assert _voices("verify", "--repair", *healthy).exit_code == 0
    assert _voices("add", "anna", clip_file, "--force", "--no-precompute", *healthy).exit_code == 0
    registry.check(registry.get("anna"))
