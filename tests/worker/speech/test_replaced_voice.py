"""A voice that is replaced all the while it is spoken: each stream is of one version, and a true one."""

import asyncio
import threading
import time

import numpy as np
import pytest
from scripted_engine import ScriptedEngine

from voices.conditionals import Conditionals
from voices.library import VoiceLibrary
from voices.publication import Publisher
from worker.engine.base import SpeechBlock
from worker.events import AudioEvent
from worker.request import Arrival
from worker.service.service import SpeechService
from worker.settings import Settings

pytestmark = pytest.mark.process

REPLACEMENTS = 200
STREAMS = 50


class PitchEngine(ScriptedEngine):
    """Speaks as high as a voice's conditionals say: no other stage of speech changes that."""

    def stream(self, text, conditionals, options, delivery):
        radians = np.arange(6_000) * (2 * np.pi * float(conditionals.tensors["hertz"][0]) / self.sample_rate)
        tone = (0.3 * np.sin(radians)).astype(np.float32)
        for start in range(0, len(tone), 1200):
            time.sleep(0.005)
            yield SpeechBlock(tone[start : start + 1200], speech_tokens=1)


def pitch_of(number):
    """Return a version's; they repeat after eight."""
    return 200.0 + 100 * (number % 8)


def version(number):
    hertz = np.array([pitch_of(number)], np.float32)
    return Conditionals(PitchEngine.fingerprint, {"hertz": hertz})


def heard_pitch(audio):
    """Return the pitch of all of it; of two halves that differ, each has another voice."""
    halves = np.array_split(np.frombuffer(audio, "<i2").astype(float), 2)
    first, second = (np.abs(np.fft.rfft(half, PitchEngine.sample_rate)).argmax() for half in halves)
    assert abs(first - second) < 20
    return float(first)


def test_200_replacements_under_50_streams_speak_in_no_wrong_voice(registry, prepared):
    service = SpeechService(PitchEngine(), VoiceLibrary([registry]), Settings(max_concurrency=STREAMS))
    publisher = Publisher(registry)
    publisher.add("anna", prepared, [version(0)])
    begun, done, over = 0, 0, threading.Event()
    wrong, count = [], 0

    def replace():
        nonlocal begun, done
        for number in range(1, REPLACEMENTS + 1):
            begun = number
            publisher.add("anna", prepared, [version(number)], replace=True)
            done = number
        over.set()

    async def listen(client):
        nonlocal count
        while not over.is_set():
            oldest = done
            request = {"text": "a" * 25, "voice_id": "anna", "format": "pcm"}
            events = service.respond(request, Arrival(f"{client}"))
            audio = b"".join([each.audio async for each in events if isinstance(each, AudioEvent)])
            pitch = heard_pitch(audio)
            # Of those that were there at some moment between asking and the end.
            if min(abs(pitch - pitch_of(number)) for number in range(oldest, begun + 1)) > 20:
                wrong.append((pitch, oldest, begun))
            count += 1

    async def crowd():
        await asyncio.gather(*(listen(client) for client in range(STREAMS)))

    replacing = threading.Thread(target=replace)
    replacing.start()
    asyncio.run(crowd())
    replacing.join()
    service.close()
    assert wrong == []
    assert count >= STREAMS
