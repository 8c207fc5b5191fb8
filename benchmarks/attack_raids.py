"""Hostile and broken clients, all at once, in a separate process.

``python -m benchmarks.attack_raids URL SECONDS RAID ...``, with the server's key in ``API_KEY``, prints as a
JSON object how often each raid was started.
"""

import asyncio
import base64
import contextlib
import json
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

HANGING_VOICE = "hangs"
"""The server's test set-up makes reading this voice's clip hang."""
_SENTENCE = "The keeper wrote down the name of the ship that came home last night. "
_LONG_TEXT = _SENTENCE * (98_000 // len(_SENTENCE))
_SLOW_TEXT = _SENTENCE * 60
_PAUSE_S = 0.2
_LINES_THAT_HANG = "Hello. " + 90 * "-" + "x"


@dataclass(frozen=True)
class Target:
    """The server and a valid key."""

    host: str
    port: int
    key: str

    @property
    def keyed(self) -> str:
        """The header with the key."""
        return f"Authorization: Bearer {self.key}"


async def _connect(target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(target.host, target.port)


async def _open_socket(
    target: Target, path: str, *headers: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await _connect(target)
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1", f"Host: {target.host}:{target.port}", "Upgrade: websocket",
        "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", *headers,
    ]  # fmt: skip
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def _frame(opcode: int, payload: bytes) -> bytes:
    """Return a masked frame; the mask is zero, which leaves the payload unchanged."""
    size = len(payload)
    if size < 126:  # noqa: PLR2004 - RFC 6455
        head = bytes([0x80 | opcode, 0x80 | size])
    elif size < 1 << 16:
        head = bytes([0x80 | opcode, 0x80 | 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([0x80 | opcode, 0x80 | 127]) + size.to_bytes(8, "big")
    return head + bytes(4) + payload


def _post(target: Target, path: str, **body: object) -> bytes:
    data = json.dumps(body).encode()
    lines = [
        f"POST {path} HTTP/1.1", f"Host: {target.host}:{target.port}", target.keyed,
        "Content-Type: application/json", f"Content-Length: {len(data)}", "Connection: close",
    ]  # fmt: skip
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + data


async def _hear_out(target: Target, asked: bytes, patience_s: float) -> None:
    """Read a response to its end."""
    reader, writer = await _connect(target)
    with contextlib.closing(writer):
        writer.write(asked)
        while await asyncio.wait_for(reader.read(1 << 18), patience_s):
            pass


async def ping_without_reading(target: Target) -> None:
    """Send pings without a key and read no pong, until sending blocks."""
    _, writer = await _open_socket(target, "/twilio/media")
    pings = _frame(9, bytes(125)) * 500
    with contextlib.closing(writer):
        for _ in range(500):
            writer.write(pings)
            await asyncio.wait_for(writer.drain(), 5)
            await asyncio.sleep(0.02)


async def send_junk(target: Target) -> None:
    """Send invalid JSON to a telephony socket, without a key."""
    reader, writer = await _open_socket(target, "/twilio/media")
    with contextlib.closing(writer):
        for _ in range(200):
            writer.write(_frame(1, b"junk") * 50)
            await asyncio.wait_for(writer.drain(), 5)
            await asyncio.sleep(0.02)
        await asyncio.wait_for(reader.read(1 << 16), 5)


async def queue_megabytes(target: Target) -> None:
    """Send one socket 32 texts of a megabyte, and read nothing."""
    _, writer = await _open_socket(target, "/tts/stream", target.keyed)
    message = _frame(1, json.dumps({"text": "word " * 180_000}).encode())
    with contextlib.closing(writer):
        for _ in range(32):
            writer.write(message)
            await asyncio.wait_for(writer.drain(), 5)
        await asyncio.sleep(5)


async def read_a_byte_a_second(target: Target) -> None:
    """Request minutes of samples, read one byte per second, and leave."""
    reader, writer = await _connect(target)
    with contextlib.closing(writer):
        writer.write(_post(target, "/tts/generate", text=_SLOW_TEXT, format="pcm_48000"))
        for _ in range(20):
            await asyncio.wait_for(reader.read(1), 30)
            await asyncio.sleep(1)


async def want_it_whole(target: Target) -> None:
    """Request 98 kB of text as one file."""
    await _hear_out(target, _post(target, "/v1/synthesize", text=_LONG_TEXT, format="wav"), 120)


async def ask_for_what_hangs(target: Target) -> None:
    """Request the voice whose clip hangs, its details, and the list of voices; leave."""
    asked_for = ("/voices", f"/voices/{HANGING_VOICE}", f"/voices/{HANGING_VOICE}/clip")
    for asked in (
        _post(target, "/tts/generate", text="Hello.", voice_id=HANGING_VOICE),
        *(
            f"GET {path} HTTP/1.1\r\nHost: {target.host}\r\n{target.keyed}\r\n\r\n".encode()
            for path in asked_for
        ),
    ):
        reader, writer = await _connect(target)
        with contextlib.closing(writer), contextlib.suppress(TimeoutError):
            writer.write(asked)
            await asyncio.wait_for(reader.read(1), 2)


async def speak_a_rule_to_death(target: Target) -> None:
    """Send the text that once kept a rule busy forever."""
    await _hear_out(target, _post(target, "/tts/generate", text=_LINES_THAT_HANG, format="pcm"), 30)


async def stop_half_way(target: Target) -> None:
    """Begin a request and never finish sending it."""
    reader, writer = await _connect(target)
    with contextlib.closing(writer):
        begun = f"POST /tts/generate HTTP/1.1\r\nHost: x\r\n{target.keyed}\r\nContent-Length: 100\r\n\r\n{{"
        writer.write(begun.encode())
        await asyncio.wait_for(reader.read(), 60)


RAIDS: dict[Callable[[Target], Awaitable[None]], int] = {
    ping_without_reading: 4,
    send_junk: 2,
    queue_megabytes: 8,
    read_a_byte_a_second: 20,
    want_it_whole: 1,
    ask_for_what_hangs: 4,
    speak_a_rule_to_death: 1,
    stop_half_way: 50,
}
"""Each raid and its number of simultaneous clients."""


NAMES = [str(getattr(each, "__name__", "")) for each in RAIDS]


async def raid(target: Target, seconds: float, names: Sequence[str] = NAMES) -> Counter[str]:
    """Run the named raids repeatedly until the time is over; return how often each was started."""
    begun: Counter[str] = Counter()
    over = time.monotonic() + seconds

    async def again_and_again(name: str, what: Callable[[Target], Awaitable[None]]) -> None:
        while time.monotonic() < over:
            begun[name] += 1
            # Any reaction of the server is acceptable, including a refusal or a closed connection.
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                await what(target)
            await asyncio.sleep(_PAUSE_S)

    works = [
        asyncio.create_task(again_and_again(name, what))
        for name, (what, count) in zip(NAMES, RAIDS.items(), strict=True)
        if name in names
        for _ in range(count)
    ]
    await asyncio.sleep(seconds)
    for work in works:
        work.cancel()
    await asyncio.gather(*works, return_exceptions=True)
    return begun


if __name__ == "__main__":
    address = urlsplit(sys.argv[1])
    assert address.hostname is not None  # noqa: S101 - our own arguments
    assert address.port is not None  # noqa: S101 - our own arguments
    target = Target(address.hostname, address.port, os.environ["API_KEY"])
    print(json.dumps(asyncio.run(raid(target, float(sys.argv[2]), sys.argv[3:]))))  # noqa: T201 - read by the other process
