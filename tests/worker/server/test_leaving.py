"""Clients that disconnect, stall or arrive in large numbers: slots are freed, others are unaffected."""

import asyncio
import gc
import json
import socket
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from scripted_engine import ScriptedEngine
from served import audio_of, served
from websockets.asyncio.client import connect

from worker.server.socket.speech_socket import SpeechSocket
from worker.service.request_threads import _Work

pytestmark = pytest.mark.process

LONG = "word " * 900  # 45 s of the scripted engine's tone
TEXT = "word " * 40


def _resident_mb():
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * 4096 / 1e6


def _alive():
    """Count the requests and sockets that something still holds."""
    gc.collect()
    # Of their very types: isinstance would ask objects that answer with a warning.
    return sum(type(each) in {SpeechSocket, _Work} for each in gc.get_objects())


@pytest.mark.parametrize("headers", [{}, {"Accept": "application/x-ndjson"}])
def test_leaving_a_stream_frees_its_slot_within_a_step(slow_site, headers):
    body = {"text": LONG, "format": "pcm"}
    with httpx.stream("POST", f"{slow_site.url}/tts/generate", json=body, headers=headers) as answer:
        audio = answer.iter_raw()  # which closes the answer once nobody holds it
        next(audio)
        assert slow_site.active == 1
    assert slow_site.wait_until(lambda: slow_site.active == 0, 3)  # its speech goes on for much longer


def test_leaving_before_the_first_audio_frees_it_too(voices_dir):
    with served(ScriptedEngine(block_delay_s=0.3), voices_dir) as site:
        with socket.create_connection(("127.0.0.1", site.port)) as client:
            body = json.dumps({"text": LONG, "stream": False})
            head = f"POST /tts/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
            client.sendall((head + body).encode())
            assert site.wait_until(lambda: site.active == 1)
        assert site.wait_until(lambda: site.active == 0, 1)


def test_a_client_that_takes_nothing_slows_its_own_speech_alone(voices_dir):
    engine = ScriptedEngine()
    with served(engine, voices_dir, stall_timeout_s=3, max_text_characters=2_000_000, max_body_mb=10) as site:
        text = "word " * 200_000  # 10,000 s, 480 MB
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", site.port))
            body = json.dumps({"text": text, "format": "pcm"})
            head = f"POST /tts/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
            client.sendall((head + body).encode())
            assert site.wait_until(lambda: len(engine.asked) > 3)

            def rests():
                asked = len(engine.asked)
                time.sleep(0.3)
                return len(engine.asked) == asked

            assert site.wait_until(rests, 2.5), "nothing more is spoken than the client takes"
            assert site.active == 1
            engine.asked.clear()
            assert audio_of(site, text="Others are served.", format="pcm")
            assert site.wait_until(lambda: site.active == 0, 8), "and it is given up in the end"


def test_a_hundred_sockets_a_third_of_them_vanishing(voices_dir):
    async def speaks(site, number):
        # No pings: on a busy machine this test's own hundred clients answer them late.
        async with connect(f"{site.ws_url}/tts/stream", proxy=None, ping_interval=None) as client:
            await client.send(json.dumps({"text": TEXT, "format": "pcm", "request_id": f"r{number}"}))
            audio = b""
            async for message in client:
                if isinstance(message, bytes):
                    audio += message
                elif json.loads(message)["type"] == "end":
                    return audio
                else:
                    assert json.loads(message)["request_id"] == f"r{number}"
        raise AssertionError("the server left")

    async def vanishes(site):
        client = await connect(f"{site.ws_url}/tts/stream", proxy=None)
        await client.send(json.dumps({"text": LONG, "format": "pcm"}))
        await client.recv()
        await client.recv()
        client.transport.abort()  # not a word of farewell

    async def crowd(site):
        comers = [vanishes(site) if number % 3 == 0 else speaks(site, number) for number in range(100)]
        return [audio for audio in await asyncio.gather(*comers) if audio is not None]

    with served(ScriptedEngine(block_delay_s=0.01), voices_dir, max_concurrency=50) as site:
        expected = audio_of(site, text=TEXT, format="pcm")
        left_by_others = _alive()
        rounds = []
        for _ in range(3):
            heard = asyncio.run(crowd(site))
            assert len(heard) == 66
            assert all(audio == expected for audio in heard), "each has its own speech, whole"
            assert site.wait_until(lambda: site.active == 0 and site.backend.open_sockets == 0, 5)
            assert site.wait_until(lambda: _alive() <= left_by_others, 5)
            rounds.append(_resident_mb())
        # What has vanished in one round alone had 70 MB to say: kept, it would add that in every round.
        assert min(np.diff(rounds)) < 35, f"memory stays flat: {np.round(rounds)} MB"


def test_more_at_once_than_it_can_hold_is_refused_with_when_to_come_back(voices_dir):
    async def crowd(site):
        async with httpx.AsyncClient(timeout=30) as client:
            body = {"text": TEXT, "format": "pcm"}
            return await asyncio.gather(
                *(client.post(f"{site.url}/tts/generate", json=body) for _ in range(20))
            )

    with served(ScriptedEngine(block_delay_s=0.02), voices_dir, max_concurrency=1) as site:
        answers = asyncio.run(crowd(site))
        served_, refused = [[each for each in answers if each.status_code == status] for status in (200, 503)]
        assert len(served_) == 5
        assert len(refused) == 15
        assert {each.json()["error"]["code"] for each in refused} == {"overloaded"}
        assert all(int(each.headers["retry-after"]) >= 1 for each in refused)
