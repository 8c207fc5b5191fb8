"""A real S3 server: rclone serves a directory that a worker sees as its mounted volume."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from voices.stores.s3_client import S3Credentials, S3Limits
from voices.stores.s3_store import S3Store

BUCKET = "testvolume"
REGION = "EU-RO-1"
CREDENTIALS = S3Credentials("user_of_the_tests", "rps_secret_of_the_tests")
QUICK = S3Limits(attempts=3, connect_timeout_s=2, read_timeout_s=20, repeat_pause_s=0.01)
"""A healthy server on loopback needs neither patience nor pauses."""
IMPATIENT = S3Limits(attempts=3, connect_timeout_s=0.5, read_timeout_s=0.5, repeats=3, repeat_pause_s=0.01)
"""For a server that is made to fail."""


class S3Server:
    """``rclone serve s3`` on a directory; its sub-directory ``BUCKET`` is the bucket. A context manager."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bucket_dir = root / BUCKET
        self.credentials = CREDENTIALS
        self.url = ""
        self._log = root.with_name(f"{root.name}.log")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start on a free port; returns once requests are taken."""
        self.make_bucket(BUCKET)
        command = [
            *(_rclone(), "serve", "s3", "--addr", "127.0.0.1:0", "--config", ""),
            *("--auth-key", f"{CREDENTIALS.access_key_id},{CREDENTIALS.secret_access_key}"),
            # What appears on the disk is seen at once. With 0s, each request takes rclone 1.75 twice as
            # long as the one before, once a folder was deleted.
            *("--dir-cache-time", "1ms"),
            str(self.root),
        ]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root), "GOMAXPROCS": "2"}
        with self._log.open("w") as log:
            self._process = subprocess.Popen(command, stderr=log, env=environment)
        for _ in range(300):
            if found := re.search(r"Starting s3 server on \[(\S+?)/?\]", self._log.read_text()):
                self.url = found[1]
                return self
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"rclone did not start: {self._log.read_text()}")

    def make_bucket(self, name: str) -> None:
        """Make a bucket, as one makes a volume in RunPod's console."""
        (self.root / name).mkdir(parents=True, exist_ok=True)
        # With its last object rclone removes a folder, and the one above, up to the bucket itself.
        (self.root / name / ".keep").touch()

    def stop(self) -> None:
        """Stop; what is on the disk stays."""
        if self._process:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def store(
        self, prefix: str = "", *, bucket: str = BUCKET, url: str | None = None, limits: S3Limits = QUICK
    ) -> S3Store:
        """Open a store in a bucket, by way of a proxy's ``url`` if need be."""
        return S3Store(
            bucket,
            f"{prefix}/" if prefix else "",
            endpoint_url=url or self.url,
            region=REGION,
            credentials=CREDENTIALS,
            limits=limits,
        )


def _rclone() -> str:
    beside_python = Path(sys.executable).parent / "rclone"
    path = str(beside_python) if beside_python.exists() else shutil.which("rclone")
    if not path:
        raise RuntimeError("There is no rclone: install the dev extra.")
    return path


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server for all tests: each works under a prefix of its own."""
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server
