"""Clients without a library: raw bytes on a socket, as a hostile client sends them."""

import json
import socket
from contextlib import contextmanager

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n"
)


@contextmanager
def connected(site, *, receive_bytes=None):
    """A connection; ``receive_bytes`` is all that the kernel takes for it."""
    with socket.socket() as client:
        if receive_bytes is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        client.settimeout(20)
        client.connect(("127.0.0.1", site.port))
        yield client


@contextmanager
def upgraded(site, path, headers="", *, receive_bytes=None):
    """A WebSocket."""
    with connected(site, receive_bytes=receive_bytes) as client:
        client.sendall(HANDSHAKE.format(path=path, headers=headers).encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 101")
        yield client


def frame(opcode, payload=b"", *, fin=True):
    """A client's frame, masked by zeros."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
    return bytes([(0x80 if fin else 0) | opcode]) + length + b"\0\0\0\0" + payload


def ask(client, path="/tts/generate", headers="", **body):
    """Send a request."""
    data = json.dumps(body)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n{headers}\r\n"
    client.sendall((head + data).encode())


def all_of(client):
    """Everything until the end of the connection, be it a polite one or not."""
    received = b""
    try:
        while data := client.recv(65_536):
            received += data
    except ConnectionError:
        pass
    return received
