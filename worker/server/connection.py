"""A client that goes away ends the work that was done for it."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from starlette.types import Receive


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
