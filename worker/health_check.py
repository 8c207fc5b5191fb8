"""Whether the worker of this container can take work: the image's health check, in both modes.

It runs every half minute beside the worker, and so imports the standard library alone.
"""

import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

STALE_S = 180.0
"""The SDK asks for jobs, again and again, by requests that stay open for 90 s at most."""
_ANSWER_S = 5.0
_ROUNDED_S = 0.1
"""Some file systems keep a time less finely than it was given."""


class Heartbeat:
    """A file whose time says when the queue worker last asked for jobs; none without a path.

    It is the machine's monotonic clock's, which all its processes share: the wall clock may be set.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        if path is not None:
            with suppress(OSError):  # of the process before this one
                path.unlink()

    def beat(self) -> None:
        """Say that it can take jobs. A file that cannot be written must cost no job."""
        if self._path is not None:
            with suppress(OSError):
                if not self._path.exists():
                    self._path.touch()
                now = time.monotonic()
                os.utime(self._path, (now, now))


def complaint(environ: Mapping[str, str]) -> str | None:
    """Return why the worker can take nothing, or None when it asks for jobs or serves HTTP."""
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
    return {200: None, 204: "the engine is being loaded"}.get(status, f"/ping says {status}")


def _seconds_since_beat(path: str | None) -> float:
    with suppress(OSError):
        seconds = time.monotonic() - Path(path).stat().st_mtime if path else -STALE_S
        if seconds >= -_ROUNDED_S:  # else it is of another clock: from before the machine was started
            return seconds
    return float("inf")


if __name__ == "__main__":
    sys.exit(complaint(os.environ))
