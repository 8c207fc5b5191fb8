"""espeak-ng behind one function: text in, blocks of samples out while they are synthesised."""

import ctypes
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import espeakng_loader
import numpy as np

from voices.clip import Samples
from voices.errors import InvalidRequest
from worker.errors import EngineFailure

_SYNCHRONOUS = 2
_BLOCK_MS = 60
_CHARS_UTF8 = 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_CONTINUE, _ABORT = 0, 1
_INT16_FULL_SCALE = np.float32(32768)

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True)
class EspeakVoice:
    """How to speak: a language such as ``en-us``, words a minute (80-450), pitch and its range (0-100)."""

    language: str
    words_per_minute: int
    pitch: int
    pitch_range: int = 50


class Espeak:
    """The espeak-ng library; it keeps global state, so it lives on one thread of its own.

    That thread never waits for whoever reads the samples, so a slow reader holds nobody up.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="espeak")
        self._library, self.sample_rate = self._thread.submit(_initialise).result()

    def speak(self, text: str, voice: EspeakVoice) -> Iterator[Samples]:
        """Yield blocks of about 60 ms at ``sample_rate`` Hz; closing the iterator ends the synthesis.

        Raises ``InvalidRequest`` for an unknown language and ``EngineFailure``.
        """
        blocks: queue.SimpleQueue[Samples | None] = queue.SimpleQueue()
        abandoned = threading.Event()
        done = self._thread.submit(self._synthesise, text, voice, blocks, abandoned)
        done.add_done_callback(lambda _: blocks.put(None))
        try:
            while (block := blocks.get()) is not None:
                yield block
            done.result()
        finally:
            abandoned.set()

    def _synthesise(
        self,
        text: str,
        voice: EspeakVoice,
        blocks: "queue.SimpleQueue[Samples | None]",
        abandoned: threading.Event,
    ) -> None:
        def receive(samples: Any, count: int, _events: Any) -> int:
            if abandoned.is_set():
                return _ABORT
            if samples and count:
                block = np.ctypeslib.as_array(samples, (count,)).astype(np.float32) / _INT16_FULL_SCALE
                blocks.put(block)
            return _CONTINUE

        if abandoned.is_set():
            return
        library = self._library
        names = _names(voice.language)
        if all(library.espeak_SetVoiceByName(name.encode()) != 0 for name in names):
            raise InvalidRequest(f"The preview engine does not speak {voice.language!r}.", field="language")
        library.espeak_SetParameter(_RATE, voice.words_per_minute, 0)
        library.espeak_SetParameter(_PITCH, voice.pitch, 0)
        library.espeak_SetParameter(_RANGE, voice.pitch_range, 0)
        # Held in a name of its own: ctypes would collect the callback while C still calls it.
        callback = _Callback(receive)
        library.espeak_SetSynthCallback(callback)
        encoded = text.encode()
        if library.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, _CHARS_UTF8, None, None) != 0:
            raise EngineFailure("espeak-ng could not speak the text.")


def _names(language: str) -> list[str]:
    """Return what espeak-ng may call a language, the nearest first: ``de-DE`` is its ``de``."""
    tag, plus, variant = language.lower().partition("+")
    parts = tag.split("-")
    names = ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
    names += [_OWN_NAMES[parts[0]]] if parts[0] in _OWN_NAMES else []
    return [f"{name}{plus}{variant}" for name in names]


_OWN_NAMES = {"zh": "cmn", "no": "nb", "nn": "nb"}


def _initialise() -> tuple[Any, int]:
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    sample_rate = library.espeak_Initialize(_SYNCHRONOUS, _BLOCK_MS, data, 0)
    if sample_rate <= 0:
        raise EngineFailure("espeak-ng could not be started: reinstall the espeakng-loader package.")
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    return library, sample_rate


@cache
def shared_espeak() -> Espeak:
    """Return the process's one espeak-ng: the library cannot be initialised twice."""
    return Espeak()
