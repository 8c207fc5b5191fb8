"""espeak-ng: from a text to blocks of samples, while it synthesises."""

import ctypes
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from typing import Any

import espeakng_loader
import numpy as np

from voices.clips.clip import Samples
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
    """A language such as ``en-us``, words per minute (80-450), pitch and pitch range (0-100)."""

    language: str
    words_per_minute: int
    pitch: int
    pitch_range: int = 50


class _Utterance:
    """One caller's text, and its blocks so far."""

    def __init__(self, text: str, voice: EspeakVoice, buffered_seconds: Callable[[], float]) -> None:
        self.text = text
        self.voice = voice
        self.buffered_seconds = buffered_seconds
        self.blocks: queue.SimpleQueue[Samples | None] = queue.SimpleQueue()
        """None follows the last block."""
        self.error: Exception | None = None
        self.abandoned = threading.Event()


class Espeak:
    """The espeak-ng library; it has global state, so one thread makes all calls.

    That thread never waits for a reader, so a slow reader delays no other request.
    """

    def __init__(self) -> None:
        self._waiting: list[_Utterance] = []
        self._something = threading.Condition()
        begun: Future[tuple[Any, int]] = Future()
        threading.Thread(target=self._run, args=(begun,), name="espeak", daemon=True).start()
        self._library, self.sample_rate = begun.result()

    def speak(
        self, text: str, voice: EspeakVoice, buffered_seconds: Callable[[], float] = lambda: 0.0
    ) -> Iterator[Samples]:
        """Yield blocks of about 60 ms at ``sample_rate`` Hz; closing the iterator stops the synthesis.

        The next text is the one whose listener has the least ``buffered_seconds``. Raises
        ``InvalidRequest`` for an unknown language, and ``EngineFailure``.
        """
        utterance = _Utterance(text, voice, buffered_seconds)
        with self._something:
            self._waiting.append(utterance)
            self._something.notify()
        try:
            while (block := utterance.blocks.get()) is not None:
                yield block
            if utterance.error is not None:
                raise utterance.error
        finally:
            utterance.abandoned.set()

    def _run(self, begun: "Future[tuple[Any, int]]") -> None:
        try:
            begun.set_result(_initialise())
        except BaseException as error:  # noqa: BLE001  # raised in the waiting constructor
            begun.set_exception(error)
            return
        while True:
            utterance = self._next()
            try:
                self._synthesise(utterance)
            except Exception as error:  # noqa: BLE001  # raised in the reader
                utterance.error = error
            utterance.blocks.put(None)

    def _next(self) -> "_Utterance":
        """Wait for a text, and take the most urgent; among equals, the earliest."""
        with self._something:
            self._something.wait_for(lambda: self._waiting)
            urgent = min(self._waiting, key=lambda each: each.buffered_seconds())
            self._waiting.remove(urgent)
            return urgent

    def _synthesise(self, utterance: "_Utterance") -> None:
        blocks, abandoned, voice = utterance.blocks, utterance.abandoned, utterance.voice

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
        # Kept in a variable: otherwise ctypes would collect the callback while C still calls it.
        callback = _Callback(receive)
        library.espeak_SetSynthCallback(callback)
        encoded = utterance.text.encode()
        if library.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, _CHARS_UTF8, None, None) != 0:
            raise EngineFailure("espeak-ng could not speak the text.")


def _names(language: str) -> list[str]:
    """Return espeak-ng's possible names of a language, the closest first: ``de-DE`` is its ``de``."""
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
