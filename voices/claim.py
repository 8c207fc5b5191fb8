"""Claims: lock files that keep two writers from changing one voice at the same time.

RunPod's S3 has no conditional writes. Each writer therefore puts a claim file of its own and then looks
for others; a writer that finds another claim backs off. Both may back off, but never do both proceed.
"""

import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from voices.errors import StoreFailure, VoiceBusy
from voices.stores.store import FileTooLarge, Store

PREFIX = "claim-"
STALE_AFTER_SECONDS = 600.0
"""Publishing takes seconds, but the writers' clocks may differ by minutes."""
_MOST_CLAIM_BYTES = 4096


@contextmanager
def claimed(store: Store, voice_id: str) -> Iterator[None]:
    """Lock the voice for one change; raises ``VoiceBusy`` while another writer holds it."""
    mine = f"{PREFIX}{secrets.token_hex(8)}.json"
    try:
        store.write(f"{voice_id}/{mine}", _describe_writer())
        for other in store.files(voice_id):
            if is_claim(other) and other != mine and (writer := live_writer(store, voice_id, other)):
                raise VoiceBusy(voice_id, writer)
        yield
    finally:
        # A failed removal must not hide the change's result; the claim is stale once this process ends.
        with suppress(StoreFailure):
            store.delete(f"{voice_id}/{mine}")


def is_claim(file: str) -> bool:
    """Whether a file in a voice's folder is a claim, finished or still being written."""
    return file.removeprefix(".").startswith(PREFIX)


def live_writer(store: Store, voice_id: str, claim: str) -> str | None:
    """Name the writer that holds a claim; None if its process has ended or the claim is stale."""
    try:
        held = json.loads(store.read(f"{voice_id}/{claim}", _MOST_CLAIM_BYTES))
        host, pid, began = str(held["host"]), int(held["pid"]), float(held["began"])
    except (FileNotFoundError, FileTooLarge, ValueError, KeyError, TypeError):
        return None
    if host == socket.gethostname() and not is_running(pid):
        return None
    if time.time() - began > STALE_AFTER_SECONDS:
        return None
    return f"process {pid} on {host}"


def _describe_writer() -> bytes:
    return json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "began": time.time()}).encode()


def is_running(pid: int) -> bool:
    """Whether a process of this machine is running, which a zombie is not."""
    with suppress(OSError):
        if "State:\tZ" in Path(f"/proc/{pid}/status").read_text():  # killed, but not yet reaped
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
