"""The lock on a resumable job's folder: one request at a time, across all workers.

    .parts/KEY/claim-1f3a9c.json      {"host": "... pid:[...]", "pid": 71, "job": "RunPod's id, or null"}

As with voices (``voices/claim.py``), each request writes a claim of its own and then looks for others,
since not every network volume has file locks. The work may take hours, so the holder renews its claim: a
claim that was not renewed for a minute belongs to a dead worker. A job that RunPod delivers again takes its
earlier claim over at once.
"""

import json
import os
import random
import secrets
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from voices.claim import PREFIX, is_claim, is_running
from voices.whole_file import WholeFile
from worker.errors import ResumeBusy
from worker.speech.keyed_locks import KeyedLocks

RENEWED_EVERY_S = 15.0
STALE_AFTER_S = 60.0

_ATTEMPTS = 3
_APART_S = 0.05
"""Two simultaneous claims are both withdrawn; each request retries after a random time."""
_taking = KeyedLocks()


class Claim:
    """One request's claim, held from now until ``release``; raises ``ResumeBusy`` and ``OSError``."""

    def __init__(self, folder: Path, job_id: str | None = None) -> None:
        self._folder = folder
        self._job_id = job_id
        self._file = folder / f"{PREFIX}{secrets.token_hex(8)}.json"
        self._is_over = threading.Event()
        with _taking.of(str(folder)):  # within one process simultaneous claims are serialised
            self._take()
        self._renewing = threading.Thread(target=self._renew, name="claim", daemon=True)
        self._renewing.start()

    @property
    def is_held(self) -> bool:
        """Whether no other request has taken the folder over."""
        return self._file.exists()

    def release(self) -> None:
        """Release the folder, and remove it if it is empty. Idempotent."""
        self._is_over.set()
        self._renewing.join()
        self._withdraw()

    def _take(self) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._put()
                if not self._is_held_by_another():
                    return
            except BaseException:
                self._withdraw()
                raise
            self._withdraw()
            if attempt < _ATTEMPTS:
                time.sleep(random.uniform(0, attempt * _APART_S))  # noqa: S311 - no secret
        raise ResumeBusy(self._folder.name)

    def _put(self) -> None:
        described = {"host": _host(), "pid": os.getpid(), "job": self._job_id}
        for _ in range(_ATTEMPTS):
            self._folder.mkdir(parents=True, exist_ok=True)
            # A request that ends may remove the empty folder before the claim is in it.
            with suppress(FileNotFoundError), WholeFile(self._file) as file:
                file.write(json.dumps(described).encode())
                return

    def _is_held_by_another(self) -> bool:
        now = self._file.stat().st_mtime  # the volume's clock: this machine's may be minutes wrong
        return any(
            self._is_live(other, now)
            for other in self._folder.iterdir()
            if is_claim(other.name) and other.name != self._file.name
        )

    def _is_live(self, other: Path, now: float) -> bool:
        try:
            age = now - other.stat().st_mtime
            held = _read(other)
        except FileNotFoundError:
            return False
        is_gone = held.get("host") == _host() and not is_running(held["pid"])
        is_ours = self._job_id is not None and held.get("job") == self._job_id
        if age <= STALE_AFTER_S and not is_gone and not is_ours:
            return True
        other.unlink(missing_ok=True)  # its holder, if still alive, sees that it has lost the folder
        return False

    def _renew(self) -> None:
        while not self._is_over.wait(RENEWED_EVERY_S):
            with suppress(OSError):  # the claim was taken over, or the volume is briefly unavailable
                os.utime(self._file)

    def _withdraw(self) -> None:
        with suppress(OSError):
            self._file.unlink()
        with suppress(OSError):
            self._folder.rmdir()


def _host() -> str:
    """Return an id of this process-id namespace: containers may share a host name but not process ids."""
    try:
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115 - not a path
    except OSError:  # not Linux
        return socket.gethostname()


def _read(claim: Path) -> dict[str, Any]:
    """Read a claim; an unreadable claim counts as held until it is stale."""
    try:
        held = json.loads(claim.read_bytes())
    except ValueError:
        return {}
    return held if isinstance(held, dict) else {}
