"""The response to a request to speak: audio is sent while the engine generates it."""

import asyncio
import io
import logging
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Coroutine, Mapping, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect
from typing_extensions import override

from voices.errors import ChatterpodError, StoreFailure
from worker.events import AudioEvent, EndEvent, Event, StartEvent
from worker.request import Arrival
from worker.server.backend import Backend
from worker.server.failures import answer_to
from worker.server.wires import Wire

log = logging.getLogger(__name__)

_SLICE_BYTES = 64 * 1024
_HELD_BYTES = 1_000_000
"""A larger whole response is collected in a file, not in memory."""
_CLIENT_ERRORS = (TimeoutError, WebSocketDisconnect, RuntimeError)
"""Errors of a lost connection or a stalled client; starlette raises RuntimeError on a closed connection."""


async def until_one_ends(*works: Coroutine[Any, Any, None]) -> None:
    """Run a socket's coroutines concurrently until one ends or fails, then cancel the rest and wait for them.

    A failure is logged, unless the client's disconnect or stall caused it.
    """
    tasks = {asyncio.create_task(work) for work in works}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception) and not isinstance(ended, _CLIENT_ERRORS):
                log.error("a WebSocket's task failed", exc_info=ended)


async def while_connected(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Run ``work``, and cancel it as soon as the client disconnects; it has ended on return.

    The request's body must have been read. Raises the errors of ``work``.
    """
    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(_until_gone(receive))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        was_done = working.done()
        watching.cancel()
        working.cancel()
        await asyncio.wait({working, watching})
    if was_done:
        working.result()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class SpeechResponse(Response):
    """Sends each event's bytes as soon as they exist, with back-pressure from the client.

    Nothing is sent before the first audio, so an earlier error has its own status. A later error aborts
    the body, and a client sees that it is incomplete. A whole response is sent once it is complete.
    """

    def __init__(
        self,
        backend: Backend,
        job_input: Mapping[str, object],
        wire: Wire,
        arrival: Arrival,
        interface: str,
        *,
        ignored: Sequence[str] = (),
        extra_headers: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare the response; ``ignored`` are fields omitted from ``job_input``."""
        super().__init__()
        self._backend = backend
        self._job_input = {**job_input, "stream": not wire.whole}
        self._wire = wire
        self._arrival = arrival
        self._interface = interface
        self._ignored = ignored
        self._extra_headers = extra_headers or {}
        self._stall_s = backend.settings.stall_timeout_s

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await while_connected(receive, self._answer(scope, receive, send))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._backend.respond(self._job_input, self._arrival, self._interface)) as events:
            try:
                if self._wire.whole:
                    await self._send_whole(events, send)
                else:
                    await self._send_stream(await _opening(events), events, send)
            except ChatterpodError as error:
                headers = {"X-Request-Id": self._arrival.request_id}
                await answer_to(error, scope["path"], headers)(scope, receive, send)
            except TimeoutError:
                log.info("request %s: the client stalled", self._arrival.request_id)

    async def _send_stream(self, opening: list[Event], events: AsyncGenerator[Event], send: Send) -> None:
        await self._send_head(send, opening[0])
        await self._send_body(send, b"".join(map(self._wire.encode, opening)))
        try:
            async for event in events:
                await self._send_body(send, self._wire.encode(event))
        except ChatterpodError as error:
            encoded = self._wire.failed(error)
            if encoded is None:
                return
            await self._send_body(send, encoded)
        await self._take(send({"type": "http.response.body"}))

    async def _send_whole(self, events: AsyncGenerator[Event], send: Send) -> None:
        """Collect the body, in an unnamed file if it is large, and send it; raises ``ChatterpodError``."""
        body = cast("BinaryIO", tempfile.SpooledTemporaryFile(_HELD_BYTES))  # noqa: SIM115  # closed by us
        try:
            start = await self._gathered(events, body)
            await self._send_head(send, start, {"Content-Length": str(body.tell())})
            body.seek(0)
            while piece := await asyncio.to_thread(body.read, _SLICE_BYTES):
                await self._send_body(send, piece)
            await self._take(send({"type": "http.response.body"}))
        finally:
            with suppress(OSError):  # closing writes, and fails on a full disk
                body.close()

    async def _gathered(self, events: AsyncGenerator[Event], body: BinaryIO) -> Event:
        try:
            return await self._gather(events, body)
        except OSError as error:
            directory = Path(tempfile.gettempdir())
            raise StoreFailure.of(error, "keep the answer in", directory, "TMPDIR") from error

    async def _gather(self, events: AsyncGenerator[Event], body: BinaryIO) -> Event:
        """Write the whole body, and return the start event."""
        start = await anext(events)
        body.write(self._wire.encode(start))
        async for event in events:
            await asyncio.to_thread(body.write, self._wire.encode(event))
            if isinstance(event, EndEvent):  # the generator would keep its slot until all is sent
                break
        await asyncio.to_thread(self._wire.complete, body)
        body.seek(0, io.SEEK_END)
        return start

    async def _send_head(self, send: Send, start: Event, length: Mapping[str, str] | None = None) -> None:
        assert isinstance(start, StartEvent)  # noqa: S101  # the first event of all speech
        headers = {"Content-Type": self._wire.mime(start), **self._described(start), **(length or {})}
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})

    async def _send_body(self, send: Send, body: bytes) -> None:
        """Send in slices: uvicorn applies back-pressure between slices, never within one."""
        for begin in range(0, len(body), _SLICE_BYTES):
            piece = body[begin : begin + _SLICE_BYTES]
            await self._take(send({"type": "http.response.body", "body": piece, "more_body": True}))

    def _described(self, start: StartEvent) -> dict[str, str]:
        """Return the headers that describe the audio."""
        ignored = sorted({*start.ignored, *self._ignored})
        return {
            "X-Request-Id": start.request_id,
            "X-Voice-Id": start.voice_id,
            "X-Engine": start.engine,
            "X-Audio-Format": start.format,
            "X-Sample-Rate": str(start.sample_rate),
            **({"X-Ignored": ", ".join(ignored)} if ignored else {}),
            **self._extra_headers,
            # nginx and similar proxies would otherwise buffer the audio.
            "X-Accel-Buffering": "no",
            "Cache-Control": "no-store",
        }

    async def _take(self, sending: Awaitable[None]) -> None:
        async with asyncio.timeout(self._stall_s):
            await sending


async def _opening(events: AsyncGenerator[Event]) -> list[Event]:
    """Return the events up to the first audio."""
    opening: list[Event] = []
    async for event in events:
        opening.append(event)
        if isinstance(event, AudioEvent):
            break
    return opening
