"""A connection's transport, with bounds on what a client that takes nothing can have it hold."""

import asyncio
import socket
from typing import Any, cast

_SEND_BUFFER_BYTES = 128 * 1024
"""What the kernel holds of an answer; left to itself it takes megabytes, which is minutes of speech."""


class TimedClose:
    """Closes within ``last_bytes_s``: asyncio's own waits for ever for the last bytes to be taken."""

    def __init__(self, transport: asyncio.Transport, last_bytes_s: float) -> None:
        self._transport = transport
        self._last_bytes_s = last_bytes_s
        self._timer: asyncio.TimerHandle | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def close(self) -> None:
        """Close once all is sent, or its time is over."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._last_bytes_s, self._transport.abort)
        self._transport.close()

    def lost(self) -> None:
        """Take in that the connection is gone."""
        if self._timer is not None:
            self._timer.cancel()


def bounded_transport(transport: asyncio.Transport, last_bytes_s: float) -> asyncio.Transport:
    """Return a connection's transport with its bounds."""
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    return cast("asyncio.Transport", TimedClose(transport, last_bytes_s))
