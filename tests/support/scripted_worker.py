"""RunPod's real SDK loop around a small scripted handler."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from local_runpod import LocalEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

HANDLER = '''
"""Yields DESIGN.md's events, as `input.do` tells it to."""
import asyncio, base64, hashlib, json
import runpod


async def handler(job):
    order = job["input"]
    do = order.get("do", "speak")
    if do == "fail":
        error = {"code": "unknown_voice", "message": "No voice 'x'.", "field": "voice_id"}
        yield {"error": json.dumps(error)}
        return
    if do == "list_voices" or order.get("action") == "list_voices":
        yield {"voices": ["default"]}
        return
    yield {"type": "start", "request_id": job["id"], "voice_id": order.get("voice_id", "default"),
           "engine": "scripted", "format": "pcm", "mime": "audio/pcm", "sample_rate": 24000, "channels": 1,
           "ignored": []}
    digest = hashlib.sha256()
    for index in range(order.get("chunks", 3)):
        if do == "raise" and index == 1:
            raise RuntimeError("boom")
        await asyncio.sleep(order.get("pause", 0.0))
        audio = bytes([index % 256]) * 4800
        digest.update(audio)
        yield {"type": "audio", "index": index, "offset_s": index * 0.1, "seconds": 0.1,
               "audio": base64.b64encode(audio).decode()}
    if do == "silent_end":
        return
    yield {"type": "end", "chunks": order.get("chunks", 3), "audio_seconds": order.get("chunks", 3) * 0.1,
           "sha256": digest.hexdigest(), "metrics": {"ttfa_ms": 1.5}}


if __name__ == "__main__":
    runpod.serverless.start({"handler": handler, "concurrency_modifier": lambda _: CONCURRENCY})
'''


@pytest.fixture(scope="session")
def worker_command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    script = tmp_path_factory.mktemp("worker") / "handler.py"
    script.write_text(HANDLER.replace("CONCURRENCY", "4"))
    return [sys.executable, str(script)]


@pytest.fixture(scope="session")
def endpoint(worker_command: list[str]) -> Iterator[LocalEndpoint]:
    with LocalEndpoint(worker_command) as endpoint:
        endpoint.wait_until_ready(60)
        yield endpoint
