"""A client that goes away ends the work that was done for it."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from starlette.types import Receive
from starlette.websockets import WebSocketDisconnect

log = logging.getLogger(__name__)

_OF_THE_CLIENT = (TimeoutError, WebSocketDisconnect, RuntimeError)
"""What ends a connection whose client is gone or stalls; starlette raises RuntimeError on a closed one."""


async def until_one_ends(*works: Coroutine[Any, Any, None]) -> None:
    """Do a socket's works side by side until one of them ends or fails; none goes on when this returns.

    A failure that is not the client's leaving is logged.
    """
    tasks = {asyncio.create_task(work) for work in works}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception) and not isinstance(ended, _OF_THE_CLIENT):
                log.error("a socket's own task failed", exc_info=ended)


async def while_connected(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Do ``work``, and cancel it as soon as the client is gone; it has ended when this returns.

    The request's body must have been read. Raises what the work raises.
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
