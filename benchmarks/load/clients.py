"""All clients at once, in a separate process, so that they do not delay the worker's queue."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Literal

import typer

from benchmarks.load.listening import Heard, listen
from benchmarks.load.workload import Planned

if TYPE_CHECKING:
    from chatterpod import AsyncSpeechClient

API_KEY = "RUNPOD_API_KEY"
_TELL_EVERY_S = 5.0
_SET_OFF_S = 0.2
"""Seconds before the clock starts, for creating the tasks."""

ProtocolName = Literal["queue", "http"]


@dataclass(frozen=True)
class Address:
    """The endpoint's address; the key is read from the environment, so that it is never shown."""

    url: str
    protocol: ProtocolName
    with_key: bool = False
    timeout_s: float = 120.0
    """For one request."""

    def connect(self) -> "AsyncSpeechClient":
        """Return a client with its own connections."""
        from chatterpod import AsyncSpeechClient

        key = os.environ.get(API_KEY) if self.with_key else None
        return AsyncSpeechClient(self.url, key, protocol=self.protocol, timeout=self.timeout_s)


def speak_in_turn(address: Address, planned: Sequence[Planned]) -> list[Heard]:
    """Send the requests one after the other."""
    return asyncio.run(_in_turn(address, planned))


def speak_when_due(address: Address, planned: Sequence[Planned]) -> list[Heard]:
    """Send each request when it is due, and wait until all have ended."""
    return asyncio.run(_when_due(address, planned))


async def _in_turn(address: Address, planned: Sequence[Planned]) -> list[Heard]:
    async with address.connect() as client:
        return [await listen(client, each, perf_counter()) for each in planned]


async def _when_due(address: Address, planned: Sequence[Planned]) -> list[Heard]:
    async with AsyncExitStack() as stack:
        clients = {
            number: await stack.enter_async_context(address.connect())
            for number in sorted({each.client for each in planned})
        }
        began = perf_counter() + _SET_OFF_S
        tasks = [asyncio.create_task(listen(clients[each.client], each, began)) for each in planned]
        teller = asyncio.create_task(_tell(tasks, planned, began))
        try:
            return await asyncio.gather(*tasks)
        finally:
            teller.cancel()


async def _tell(tasks: Sequence[asyncio.Task[Heard]], planned: Sequence[Planned], began: float) -> None:
    """Print the progress now and then."""
    while True:
        await asyncio.sleep(_TELL_EVERY_S)
        now = perf_counter() - began
        due = sum(each.due_s <= now for each in planned)
        ended = [task.result() for task in tasks if task.done()]
        errors = sum(each.error is not None for each in ended)
        typer.echo(
            f"{now:.0f} s: {due} of {len(planned)} sent, {due - len(ended)} in progress, {errors} errors",
            err=True,
        )
