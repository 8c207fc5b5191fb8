"""Sources of speech: worker processes started here, or a running endpoint."""

import contextlib
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from benchmarks.load.clients import API_KEY, Address, ProtocolName
from benchmarks.voices import reference
from chatterpod import DeadlineExceeded, SpeechClient
from local_runpod import LocalEndpoint
from local_runpod.worker_process import WorkerProcess
from voices.publication import Publisher
from voices.registry import VoiceRegistry

READY_TIMEOUT_S = 600.0
_LOWEST_PITCH, _HIGHEST_PITCH = 30, 70


@dataclass(frozen=True)
class Site:
    """A source of speech, as the load test uses it."""

    address: Address
    voices: Sequence[str]
    workers: int | None
    """None for workers started elsewhere."""
    pids: Sequence[int]
    check: Callable[[], None]
    """Raises ``WorkerDied`` if a worker has ended."""


@contextlib.contextmanager
def begun_here(
    environment: Mapping[str, str], protocol: ProtocolName, *, workers: int, voices: int, timeout_s: float
) -> Iterator[Site]:
    """Start workers with their own voices; raises ``WorkerDied`` if one fails."""
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        ids = make_voices(Path(folder), voices)
        environment = {**environment, "VOICES_DIR": folder}
        if protocol == "http":
            with server(environment) as (url, worker):
                address = Address(url, protocol, timeout_s=timeout_s)
                yield Site(address, ids, 1, [worker.pid], worker.check)
            return
        with LocalEndpoint(env=environment, workers=workers) as endpoint:
            endpoint.wait_until_ready(READY_TIMEOUT_S)
            address = Address(endpoint.url, protocol, timeout_s=timeout_s)
            yield Site(address, ids, workers, endpoint.worker_pids, endpoint.check_workers)


def elsewhere(url: str, protocol: ProtocolName, voices: Sequence[str], timeout_s: float) -> Site:
    """Return a running endpoint by its URL; its key is ``RUNPOD_API_KEY``, if that is set."""
    address = Address(url, protocol, with_key=API_KEY in os.environ, timeout_s=timeout_s)
    return Site(address, voices, None, [], lambda: None)


def make_voices(directory: Path, count: int) -> list[str]:
    """Publish this number of machine-spoken voices, each with its own pitch; return their ids."""
    publisher = Publisher(VoiceRegistry.at(directory))
    step = (_HIGHEST_PITCH - _LOWEST_PITCH) / max(count - 1, 1)
    ids = [f"load-{number}" for number in range(count)]
    for number, voice_id in enumerate(ids):
        publisher.add(voice_id, reference(round(_LOWEST_PITCH + number * step)))
    return ids


@contextlib.contextmanager
def server(environment: Mapping[str, str], api_key: str = "") -> Iterator[tuple[str, WorkerProcess]]:
    """Start an HTTP server that requires this key, whatever the caller's environment has."""
    port = _free_port()
    command = (sys.executable, "-m", "worker", "serve", "--host", "127.0.0.1", "--port", str(port))
    with (
        tempfile.TemporaryDirectory(prefix="load-log-") as log,
        WorkerProcess(
            "http",
            {},
            command=command,
            env={**environment, "API_KEY": api_key},
            log_path=Path(log) / "worker.log",
        ) as worker,
    ):
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, worker)
        yield url, worker


def _wait_until_ready(url: str, worker: WorkerProcess) -> None:
    deadline = monotonic() + READY_TIMEOUT_S
    with SpeechClient.http(url) as client:
        while monotonic() < deadline:
            worker.check()
            with contextlib.suppress(DeadlineExceeded):
                client.wait_until_ready(timeout=1.0)
                return
    raise TimeoutError(f"the server was not ready in {READY_TIMEOUT_S:.0f} s\n{worker.log_tail()}")


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
