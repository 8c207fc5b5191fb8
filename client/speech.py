"""Speech that is being made: an iterator of audio, and the job behind it."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from client.errors import ClientError, ResultElsewhere
from client.flac import close_flac_header
from client.stream import SpeechStream
from client.wav import close_wav_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

    from client.job import Job
    from client.stream import SpokenText, StreamEnd, StreamStart


TAIL_GRACE_S = 1.0
"""How long the end event may lag behind COMPLETED: a job's state and its stream are not one on RunPod."""


class Speech:
    """Yields a request's encoded audio as it comes; all of it, joined, is one playable file.

    As a context manager it cancels its job when the block is left before the audio is complete. When the
    iteration ends without an error, nothing was lost: the pieces were counted and their checksum compared.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._stream = SpeechStream()
        self._asked_at = time.perf_counter()
        self._first_audio_at: float | None = None
        self._audio = self._receive()

    def __repr__(self) -> str:
        return f"<Speech job {self.job_id} {self.status} {self.seconds:.2f} s>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._abandon()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._audio)

    @property
    def job_id(self) -> str:
        """RunPod's id of the job."""
        return self._job.id

    @property
    def status(self) -> str:
        """Where the job was when it was last asked."""
        return self._job.status

    @property
    def start(self) -> StreamStart | None:
        """What the audio is; known from the first piece on."""
        return self._stream.start

    @property
    def end(self) -> StreamEnd | None:
        """What the audio was; known when all of it is here."""
        return self._stream.end

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The worker's measurements; empty until all audio is here."""
        return self._stream.metrics

    @property
    def seconds(self) -> float:
        """Seconds of audio received so far."""
        return self._stream.seconds

    @property
    def timeline(self) -> Sequence[SpokenText]:
        """Which characters of the text are spoken from when on, for the audio received so far."""
        return tuple(self._stream.timeline)

    @property
    def first_audio_s(self) -> float | None:
        """Seconds from the request to its first audio here, the queue and the network included."""
        return None if self._first_audio_at is None else self._first_audio_at - self._asked_at

    def cancel(self) -> None:
        """Stop the job; whoever iterates gets JobCancelled."""
        self._job.cancel()

    def read(self) -> bytes:
        """Return the rest of the audio."""
        return b"".join(self)

    def save(self, path: Path | str) -> Path:
        """Write the audio to a file, which appears once it is complete; return its path.

        Raise ResultElsewhere where it was asked for in one event and was too large for that.

        A WAV or FLAC header gets the length that it had to leave open while it was streamed.
        """
        target = Path(path)
        partial = target.with_name(f".{target.name}.{self.job_id}.part")
        try:
            with partial.open("wb") as file:
                file.writelines(self)
            if self.end is not None and not self.end.chunks and "result" in self.end.extra:
                raise ResultElsewhere(self.end.extra["result"])
            close_wav_header(partial)
            if self.start is not None and self.end is not None:
                close_flac_header(partial, round(self.end.audio_seconds * self.start.sample_rate))
            return partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def _receive(self) -> Iterator[bytes]:
        try:
            events = self._job.events(lambda: self._stream.is_complete, tail_grace_s=TAIL_GRACE_S)
            for event in events:
                if audio := self._stream.feed(event):
                    self._first_audio_at = self._first_audio_at or time.perf_counter()
                    yield audio
            self._stream.close()
        except ClientError:
            self._abandon()  # a stream with a hole in it is no use: free the worker
            raise

    def _abandon(self) -> None:
        if not self._stream.is_complete:
            with contextlib.suppress(ClientError):
                self._job.cancel()
