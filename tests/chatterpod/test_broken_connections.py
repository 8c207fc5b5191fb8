"""Connections that stall or break in the midst of speech over HTTP: never silence, never half a file."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
from scripted import audio, end, start

from chatterpod import (
    AsyncSpeechClient,
    MalformedEvent,
    RequestFailed,
    SpeechClient,
    StreamGap,
    StreamIncomplete,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(*events: object) -> bytes:
    lines = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    return f"{len(lines):x}\r\n".encode() + lines + b"\r\n"


def raw_chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Answer one request with raw bytes; then close the connection, or stall."""
    stop = threading.Event()
    threads = []

    def answer(*pieces: bytes, stalls: bool = False) -> str:
        listening = socket.create_server(("127.0.0.1", 0))

        def run() -> None:
            with listening, listening.accept()[0] as connection:
                request = b""
                while not request.endswith(b"}"):  # what is left unread would reset the connection
                    request += connection.recv(65536)
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(0.02)
                if stalls:
                    stop.wait(20)

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield answer
    stop.set()
    for thread in threads:
        thread.join()


def test_a_connection_that_breaks_leaves_an_incomplete_stream(serve: Callable[..., str]) -> None:
    url = serve(HEAD, chunk(start(), audio(0)))
    with SpeechClient.http(url) as client:
        speech = client.speak("Hi.")
        assert next(speech) == b"abc"
        with pytest.raises(StreamIncomplete, match="connection broke"):
            next(speech)
        assert list(speech) == []


def test_a_body_that_ends_in_order_but_too_early_is_incomplete_too(serve: Callable[..., str]) -> None:
    url = serve(HEAD, chunk(start(), audio(0)), b"0\r\n\r\n")
    with SpeechClient.http(url) as client, pytest.raises(StreamIncomplete, match="no end event"):
        client.speak("Hi.").read()


def test_a_gap_is_found(serve: Callable[..., str]) -> None:
    with SpeechClient.http(serve(HEAD, chunk(start(), audio(1)))) as client, pytest.raises(StreamGap):
        client.speak("Hi.").read()


def test_a_line_that_is_no_event_is_malformed(serve: Callable[..., str]) -> None:
    with SpeechClient.http(serve(HEAD, raw_chunk(b"<html>\n"))) as client, pytest.raises(MalformedEvent):
        client.speak("Hi.").read()


def test_events_may_be_cut_anywhere(serve: Callable[..., str]) -> None:
    body = b"".join(json.dumps(event).encode() + b"\n" for event in (start(), audio(0), end(b"abc", 1)))
    pieces = [raw_chunk(body[at : at + 50]) for at in range(0, len(body), 50)]
    with SpeechClient.http(serve(HEAD, *pieces, b"0\r\n\r\n")) as client:
        assert client.speak("Hi.").read() == b"abc"


def test_an_error_in_the_midst_is_typed_and_never_asked_again(serve: Callable[..., str]) -> None:
    failed = {"type": "error", "error": {"code": "overloaded", "message": "Too late.", "field": None}}
    with SpeechClient.http(serve(HEAD, chunk(start(), audio(0), failed))) as client:
        speech = client.speak("Hi.")
        assert next(speech) == b"abc"
        with pytest.raises(RequestFailed, match="Too late"):
            next(speech)
        assert speech.attempts == 1


def test_a_silence_in_the_midst_ends_at_the_request_timeout(serve: Callable[..., str]) -> None:
    url = serve(HEAD, chunk(start(), audio(0)), stalls=True)
    with SpeechClient.http(url, timeout=30, request_timeout=0.3) as client:
        speech = client.speak("Hi.")
        assert next(speech) == b"abc"
        began = time.monotonic()
        with pytest.raises(StreamIncomplete, match="ReadTimeout"):
            next(speech)
        assert time.monotonic() - began < 5


@pytest.mark.anyio
async def test_it_does_on_event_loops_too(serve: Callable[..., str]) -> None:
    url = serve(HEAD, chunk(start(), audio(0)), stalls=True)
    async with AsyncSpeechClient.http(url, timeout=30, request_timeout=0.3) as client:
        speech = client.speak("Hi.")
        assert await anext(speech) == b"abc"
        began = time.monotonic()
        with pytest.raises(StreamIncomplete, match="ReadTimeout"):
            await anext(speech)
        assert time.monotonic() - began < 5
