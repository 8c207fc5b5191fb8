"""Upper bounds for a request body's size and time, and a check of its charset."""

import asyncio
from collections.abc import Callable

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voices.errors import InvalidRequest
from worker.server.failures import BodyTimeout, TooLarge, answer_to
from worker.server.settings import MEGABYTE

_FORMS = {b"multipart/form-data", b"application/x-www-form-urlencoded"}
_CHARSETS = {b"utf-8", b"utf8", b"us-ascii", b"ascii"}


class BodyBounds:
    """Refuses a body that is too large or too slow.

    ``limit_mb`` returns the megabytes that a path allows; its second argument is whether the body is
    multipart.
    """

    def __init__(self, app: ASGIApp, limit_mb: Callable[[str, bool], float], timeout_s: float) -> None:
        self._app = app
        self._limit_mb = limit_mb
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its body bounded."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        kind, options = parse_options_header(headers.get("content-type"))
        limit_mb = self._limit_mb(scope["path"], kind == b"multipart/form-data")
        if kind in _FORMS and (options.get(b"charset") or b"utf-8").lower() not in _CHARSETS:
            # A form's fields are decoded by the client's charset, and some codecs take quadratic time.
            refusal = InvalidRequest("Content-Type: use charset=utf-8.", field="Content-Type")
            await answer_to(refusal, scope["path"], {"Connection": "close"})(scope, receive, send)
            return
        error = TooLarge(f"The request is larger than {limit_mb:g} MB.")
        announced = headers.get("content-length", "0")
        if announced.isdecimal() and int(announced) > limit_mb * MEGABYTE:
            # The unread body would be parsed as the next request.
            await answer_to(error, scope["path"], {"Connection": "close"})(scope, receive, send)
            return
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        received, is_whole = 0, False

        async def bounded() -> Message:
            nonlocal received, is_whole
            if is_whole:  # only the disconnect follows, which has no timeout
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise BodyTimeout(f"The request's body took longer than {self._timeout_s:g} s.") from None
            received += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if received > limit_mb * MEGABYTE:
                raise error
            return message

        await self._app(scope, bounded, send)
