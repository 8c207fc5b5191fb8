"""The control plane on a separate thread with its own event loop, for blocking callers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from typing import TYPE_CHECKING

from aiohttp import web

from local_runpod.app import make_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_runpod.control_plane import ControlPlane

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 10.0
LONGEST_URL = 1 << 18
"""The SDK's ping lists all jobs of its worker: 64 KiB of ids and commas, percent-encoded."""
SWEEP_EVERY_S = 0.1


class ControlPlaneServer:
    """Serves a control plane on `host:port` between `start` and `stop`; port 0 chooses a free one.

    `on_sweep` is called about ten times a second on the loop's thread.
    """

    def __init__(self, plane: ControlPlane, host: str, port: int, on_sweep: Callable[[], None]) -> None:
        self._plane = plane
        self._host, self._port = host, port
        self._on_sweep = on_sweep
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="control-plane", daemon=True)
        self._started = threading.Event()
        self._stopping = asyncio.Event()
        self._failure: BaseException | None = None

    @property
    def base(self) -> str:
        """The address without a path, reachable from this machine whatever it listens on."""
        host = "127.0.0.1" if self._host in {"0.0.0.0", "::", ""} else self._host  # noqa: S104 - read, not bound
        return f"http://{host}:{self._port}"

    def start(self) -> None:
        """Listen; raise OSError, which names the address, if that fails."""
        self._thread.start()
        self._started.wait(START_TIMEOUT_S)
        if self._failure is not None:
            raise self._failure

    def close_polls(self) -> None:
        """End every long poll now: a worker that is shutting down waits for them."""
        self.call(self._plane.long_polls.close)

    def call(self, function: Callable[[], None]) -> None:
        """Run a function on the loop's thread, soon."""
        with contextlib.suppress(RuntimeError):  # the loop has ended, and its state with it
            self._loop.call_soon_threadsafe(function)

    def stop(self) -> None:
        """Close every connection and end the thread."""
        self.call(self._stopping.set)
        self._thread.join(STOP_TIMEOUT_S)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001 - raised again by start()
            self._failure = error
        finally:
            self._loop.close()
            self._started.set()

    async def _serve(self) -> None:
        # The poll of a dead worker must end, or it would be given the next job.
        runner = web.AppRunner(
            make_app(self._plane),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=0.1,
            max_line_size=LONGEST_URL,
        )
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, self._host, self._port).start()
            except OSError as error:
                raise _cannot_listen(self._host, self._port, error) from error
            self._port = runner.addresses[0][1]
            self._started.set()
            await self._sweep_until_stopped()
        finally:
            await self._plane.webhooks.close()
            await runner.cleanup()

    async def _sweep_until_stopped(self) -> None:
        while not self._stopping.is_set():
            self._plane.time_out_overdue()
            self._on_sweep()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), SWEEP_EVERY_S)


def _cannot_listen(host: str, port: int, error: OSError) -> OSError:
    """Return the error with the address and a remedy; asyncio's own message names neither."""
    why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
    return OSError(f"cannot listen at {host}:{port}: {why}. Choose another address with --port or --host.")
