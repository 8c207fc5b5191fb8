"""Drivers that carry out the protocols' steps: one for threads, one for event loops."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING, Any, cast

import anyio
import httpx

from chatterpod.steps import Answer, Ask, Close, HangUp, Read, Sleep

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from chatterpod.steps import Step, Steps, T


class Driver:
    """Carries out steps with httpx's blocking client; thread-safe, if each thread has its own steps."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def run(self, steps: Steps[T]) -> T:
        """Carry out the steps and return their result; raises their exceptions."""
        with contextlib.closing(steps):
            try:
                step = next(steps)
                while True:
                    try:
                        outcome = self._take(step)
                    except httpx.RequestError as error:
                        step = steps.throw(error)
                    else:
                        step = steps.send(outcome)
            except StopIteration as end:
                return cast("T", end.value)

    def _take(self, step: Step) -> Any:
        match step:
            case Ask():
                return self._ask(step)
            case Read(answer):
                return next(cast("Iterator[bytes]", answer.pieces), None)
            case Sleep(seconds):
                return time.sleep(seconds)
            case Close(answer):
                return answer.response.close()
            case HangUp(answer):
                return _shut(answer.response)

    def _ask(self, ask: Ask) -> Answer:
        response = self._http.send(_request(self._http, ask), stream=True)
        if ask.silence_s is not None and response.is_success:
            _allow_silence(response, ask.silence_s)
            return Answer(response, response.iter_bytes())
        with contextlib.closing(response):
            response.read()
        return Answer(response)


class AsyncDriver:
    """Carries out steps with httpx's client for event loops."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def run(self, steps: Steps[T]) -> T:
        """Carry out the steps and return their result; raises their exceptions."""
        with contextlib.closing(steps):
            try:
                step = next(steps)
                while True:
                    try:
                        outcome = await self._take(step)
                    except httpx.RequestError as error:
                        step = steps.throw(error)
                    else:
                        step = steps.send(outcome)
            except StopIteration as end:
                return cast("T", end.value)

    async def _take(self, step: Step) -> Any:
        match step:
            case Ask():
                return await self._ask(step)
            case Read(answer):
                return await anext(cast("AsyncIterator[bytes]", answer.pieces), None)
            case Sleep(seconds):
                return await anyio.sleep(seconds)
            case Close(answer) | HangUp(answer):
                return await answer.response.aclose()

    async def _ask(self, ask: Ask) -> Answer:
        response = await self._http.send(_request(self._http, ask), stream=True)
        if ask.silence_s is not None and response.is_success:
            _allow_silence(response, ask.silence_s)
            return Answer(response, response.aiter_bytes())
        async with contextlib.aclosing(response):
            await response.aread()
        return Answer(response)


def _request(http: httpx.Client | httpx.AsyncClient, ask: Ask) -> httpx.Request:
    return http.build_request(
        ask.method, ask.url, json=ask.json, headers=dict(ask.headers), timeout=ask.timeout
    )


def _allow_silence(response: httpx.Response, seconds: float) -> None:
    """Set the read timeout for each piece of the body; until now it was that of the response's start."""
    response.request.extensions["timeout"]["read"] = seconds


def _shut(response: httpx.Response) -> None:
    """Shut the socket down: closing it would not wake a thread that reads it."""
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("socket") if stream is not None else None
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
