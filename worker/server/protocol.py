"""uvicorn's HTTP protocol, with patience that ends: it waits for headers for ever, however many come."""

import asyncio

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEADER_BYTES = 65_536


class PatientProtocol(HttpToolsProtocol):
    """Closes a connection whose headers take longer than ``header_timeout_s``, or more than 64 kB."""

    header_timeout_s = 10.0
    _timer: asyncio.TimerHandle | None = None
    _header_bytes = 0

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_headers()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self._wait_for_headers()
            self._header_bytes += len(data)
            is_too_much = self._header_bytes > MAX_HEADER_BYTES
        else:
            is_too_much = False
        super().data_received(data)
        if is_too_much and self._timer is not None and not self.transport.is_closing():
            self.send_400_response("The request's headers are too large.")

    @override
    def on_message_begin(self) -> None:
        self._wait_for_headers()
        super().on_message_begin()

    @override
    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def _wait_for_headers(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.header_timeout_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._header_bytes = None, 0

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def patient_for(header_timeout_s: float) -> type[PatientProtocol]:
    """Return the protocol with another patience, in seconds."""
    return type("PatientProtocol", (PatientProtocol,), {"header_timeout_s": header_timeout_s})
