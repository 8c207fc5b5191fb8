"""A claim: says that someone is changing a voice, so that a second writer is told.

RunPod's S3 has no conditional writes, so a claim is a file of its own: each writer puts one and
then looks for others. Whoever sees another's gives way; both may, neither can go on beside the other.
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
"""Publishing takes seconds; a clock may be minutes wrong."""
_MOST_CLAIM_BYTES = 4096


@contextmanager
def claimed(store: Store, voice_id: str) -> Iterator[None]:
    """Hold the voice for one change; raises ``VoiceBusy`` while someone else does."""
    mine = f"{PREFIX}{secrets.token_hex(8)}.json"
    try:
        store.write(f"{voice_id}/{mine}", _describe_writer())
        for other in store.files(voice_id):
            if is_claim(other) and other != mine and (writer := live_writer(store, voice_id, other)):
                raise VoiceBusy(voice_id, writer)
        yield
    finally:
        # What became of the change counts; a claim that stays is stale once this process is gone.
        with suppress(StoreFailure):
            store.delete(f"{voice_id}/{mine}")


def is_claim(file: str) -> bool:
    """Whether a file of a voice's folder is a claim, or one that is just being written."""
    return file.removeprefix(".").startswith(PREFIX)


def live_writer(store: Store, voice_id: str, claim: str) -> str | None:
    """Say who holds a claim; None when that writer is gone, or took too long to be alive."""
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
    """Whether a process of this machine is there, and not only waits to be reaped."""
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
