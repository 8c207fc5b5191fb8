"""A connection's transport, with upper bounds on buffered bytes and on a stalled client's time."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

_SEND_BUFFER_BYTES = 128 * 1024
"""The kernel's send buffer; its default grows to megabytes, which is minutes of speech."""


class BoundedTransport:
    """Aborts the connection of a client that reads nothing for ``patience_s``.

    The last bytes after ``close`` have the same timeout. asyncio's own transport has neither.
    """

    def __init__(self, transport: asyncio.Transport, patience_s: float) -> None:
        self._transport = transport
        self._patience_s = patience_s
        self._closing: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._is_lost = False
        self._written = 0
        self._taken = 0
        """Bytes that had left the buffer at the last check."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send; while bytes are buffered, check that the client makes progress."""
        self._transport.write(data)
        self._written += len(data)
        if self._stalled is None and self._transport.get_write_buffer_size():
            self._check_later()

    def close(self) -> None:
        """Close once all is sent, or after the timeout."""
        if self._closing is None and not self._is_lost:
            self._closing = self._later(self._transport.abort)
        self._transport.close()

    def lost(self) -> None:
        """Cancel the timers of a lost connection."""
        self._is_lost = True
        for timer in (self._closing, self._stalled):
            if timer is not None:
                timer.cancel()

    def _check_later(self) -> None:
        self._taken = self._written - self._transport.get_write_buffer_size()
        self._stalled = self._later(self._check)

    def _check(self) -> None:
        self._stalled = None
        if not (waiting := self._transport.get_write_buffer_size()):
            return
        if self._written - waiting == self._taken:
            self._transport.abort()
        else:
            self._check_later()

    def _later(self, act: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._patience_s, act)


def bounded_transport(transport: asyncio.Transport, patience_s: float) -> asyncio.Transport:
    """Return a connection's transport with these bounds."""
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    return cast("asyncio.Transport", BoundedTransport(transport, patience_s))
