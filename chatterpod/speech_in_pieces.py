"""Speech of a text that is being written, for threads: one reads the text, one plays."""

from __future__ import annotations

import contextlib
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Self

from chatterpod.errors import ClientError, JobCancelled
from chatterpod.in_pieces import AHEAD, InPieces
from chatterpod.request_errors import NothingToSpeak
from chatterpod.sentences import sentences_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from chatterpod.speech import Speech

LEAVING_S = 2.0
"""Seconds to wait on leaving for the thread that reads the text: it may be blocked in the caller's iterator.
"""


class SpeechInPieces(InPieces["Speech"]):
    """Yields the encoded audio sentence by sentence; the next sentence is requested while one plays.

    A context manager: a separate thread reads the text while the block lasts. Leaving the block early, or
    `cancel`, stops the speech and the requests; the text's iterator is not advanced further.
    """

    def __init__(self, speak: Callable[[str], Speech], pieces: Iterable[str]) -> None:
        super().__init__()
        self._speak = speak
        self._pieces = pieces
        self._ready: SimpleQueue[tuple[str, Speech] | BaseException | None] = SimpleQueue()
        self._room = threading.Semaphore(AHEAD)
        self._lock = threading.Lock()
        self._open: set[Speech] = set()
        self._reader = threading.Thread(target=self._read, name="sentences", daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()
        self._reader.join(LEAVING_S)
        for speech in self._still_open():
            speech.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            audio = self._next_audio()
        except BaseException:
            self._is_over = True
            raise
        if audio is None:
            self._is_over = True
            raise StopIteration
        return audio

    def cancel(self) -> None:
        """Cancel everything; the iterating thread, this one or another, gets JobCancelled."""
        with self._lock:
            self._is_cancelled = True
        for speech in self._still_open():
            with contextlib.suppress(ClientError):  # the request ends without it
                speech.cancel()
        self._room.release()
        self._ready.put(None)

    def _next_audio(self) -> bytes | None:
        while not self._is_over:
            if self._playing is None:
                self._playing = self._next_speech()
            if self._playing is None:
                break
            if (audio := next(self._playing, None)) is not None:
                return audio
            self._close(self._playing)
            self._playing = None
        return None

    def _next_speech(self) -> Speech | None:
        """Wait for the next sentence's speech; return None after the last."""
        item = None if self._is_cancelled else self._ready.get()
        return self._take(item)

    def _read(self) -> None:
        """Read the text and request each sentence's speech, on a separate thread."""
        try:
            for sentence in sentences_in(self._pieces, self._skipped.append):
                self._ask(sentence)
        except BaseException as error:  # noqa: BLE001 - raised again in the iterating thread
            self._ready.put(error)
        else:
            self._ready.put(None)

    def _ask(self, sentence: str) -> None:
        self._room.acquire()
        if self._is_cancelled:
            raise JobCancelled("the speech was cancelled")
        speech = self._speak(sentence)
        with self._lock:
            self._open.add(speech)
            is_late = self._is_cancelled
        if is_late:
            speech.cancel()
        try:
            speech.prefetch()
        except NothingToSpeak:
            self._close(speech)
            self._skipped.append(sentence)
        except ClientError:
            self._close(speech)
            raise
        else:
            self._ready.put((sentence, speech))

    def _close(self, speech: Speech) -> None:
        with self._lock:
            self._open.discard(speech)
        self._room.release()

    def _still_open(self) -> list[Speech]:
        with self._lock:
            return list(self._open)
