"""The image's health check, in both modes: whether this container's worker can take requests.

It runs every 30 s in a process of its own, so it imports only the standard library.
"""

import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

STALE_S = 180.0
"""Age at which a heartbeat is stale. The SDK asks for jobs by polls of at most 90 s each."""
_ANSWER_S = 5.0
_ROUNDED_S = 0.1
"""Some file systems round a file's time."""


class Heartbeat:
    """A file whose modification time is the queue worker's last request for jobs; no file without a path.

    The time is the machine's monotonic clock, which all processes share: the wall clock may be set.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        if path is not None:
            with suppress(OSError):  # an earlier process may have left one
                path.unlink()

    def beat(self) -> None:
        """Record that the worker asks for jobs. An unwritable file must not fail a job."""
        if self._path is not None:
            with suppress(OSError):
                if not self._path.exists():
                    self._path.touch()
                now = time.monotonic()
                os.utime(self._path, (now, now))


def complaint(environ: Mapping[str, str]) -> str | None:
    """Return why the worker is unhealthy; None if it asks for jobs or serves HTTP."""
    if _seconds_since_beat(environ.get("HEARTBEAT_FILE")) < STALE_S:
        return None
    port = int(environ.get("PORT_HEALTH") or environ.get("PORT") or 8000)
    host = environ.get("LISTEN_HOST") or "127.0.0.1"
    connection = HTTPConnection(
        {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host),  # noqa: S104  # compared, not listened on
        port,
        timeout=_ANSWER_S,
    )
    try:
        connection.request("GET", "/ping")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return f"no jobs are asked for, and port {port} does not answer: {error}"
    finally:
        connection.close()
    return {200: None, 204: "the engine is being loaded"}.get(status, f"/ping returns {status}")


def _seconds_since_beat(path: str | None) -> float:
    with suppress(OSError):
        seconds = time.monotonic() - Path(path).stat().st_mtime if path else -STALE_S
        if seconds >= -_ROUNDED_S:  # a time in the future is from before the machine's last boot
            return seconds
    return float("inf")


if __name__ == "__main__":
    sys.exit(complaint(os.environ))
