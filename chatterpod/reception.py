"""One request's speech, from the first step to the last check: no I/O of its own, only steps."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from chatterpod.api import backoff_s, jitter
from chatterpod.errors import ClientError, JobCancelled
from chatterpod.request_errors import Loading, RequestFailed
from chatterpod.stream import SpeechStream, failure_in

if TYPE_CHECKING:
    from chatterpod.deadline import Deadline
    from chatterpod.protocol import Api
    from chatterpod.steps import Steps

DEFAULT_COME_BACK_S = 2.0
"""Seconds before a refused request is retried, if the worker names none."""
LONGEST_BACKOFF = 5
"""Number of attempts after which the wait stops growing."""


class Reception:
    """Takes a request's events as they arrive and returns its audio, checked.

    A request refused for a transient reason, before any audio came, is retried: `retries` times, or while the
    engine is loading until the deadline.
    """

    def __init__(self, api: Api, job_input: dict[str, Any], deadline: Deadline, retries: int) -> None:
        self.stream = SpeechStream()
        self.source = api.source(job_input, deadline)
        self.attempts = 1
        self.asked_at = time.perf_counter()
        self.first_audio_at: float | None = None
        self._api = api
        self._input = job_input
        self._deadline = deadline
        self._retries = retries
        self._events: deque[Any] = deque()
        self._ahead: bytes | None = None
        self._is_cancelled = False
        self._is_over = False

    def begin(self) -> Steps[None]:
        """Submit the request, where that is a separate step."""
        yield from self.source.begin()

    def prefetch(self) -> Steps[None]:
        """Wait for the first audio and keep it for `next_audio`."""
        self._ahead = yield from self.next_audio()

    def next_audio(self) -> Steps[bytes | None]:
        """Return the next encoded audio, or None once all of it was returned and verified as complete."""
        if self._ahead is not None:
            ahead, self._ahead = self._ahead, None
            return ahead
        if self._is_over:
            return None
        try:
            audio = yield from self._receive_or_retry()
        except ClientError:
            self._is_over = True
            yield from self.abandon()  # a stream with a gap is useless: free the worker
            raise
        if audio is None:
            self._is_over = True
            yield from self.source.release()
        return audio

    def cancel(self) -> Steps[None]:
        """Stop the request; the thread or task that waits for audio gets JobCancelled."""
        self._is_cancelled = True
        yield from self.source.cancel()

    def abandon(self) -> Steps[None]:
        """Stop the request unless it is complete; ignore errors."""
        if not self.stream.is_complete:
            with contextlib.suppress(ClientError):
                yield from self.source.cancel()
        yield from self.source.release()

    def _receive_or_retry(self) -> Steps[bytes | None]:
        while True:
            try:
                return (yield from self._receive())
            except RequestFailed as error:
                is_last = self.attempts > self._retries and not isinstance(error, Loading)
                if is_last or not error.may_pass or self.stream.start is not None:
                    raise
                yield from self._come_back(error)

    def _receive(self) -> Steps[bytes | None]:
        while True:
            if self._is_cancelled:
                raise JobCancelled(f"request {self.source.id} was cancelled")
            while self._events:
                event = self._events.popleft()
                if (error := failure_in(event)) is not None:
                    raise RequestFailed.from_error(error)
                if audio := self.stream.feed(event):
                    self.first_audio_at = self.first_audio_at or time.perf_counter()
                    return audio
            if self.stream.is_complete:
                return None
            yield from self.source.begin()
            if (events := (yield from self.source.next_events())) is None:
                self.stream.close()
                return None
            self._events.extend(events)

    def _come_back(self, error: RequestFailed) -> Steps[None]:
        """Wait as long as the worker asks for, then retry; raise `error` if the deadline comes first."""
        told_s = DEFAULT_COME_BACK_S if error.retry_after_s is None else error.retry_after_s
        wait_s = max(told_s * jitter(1.0, 1.25), backoff_s(min(self.attempts, LONGEST_BACKOFF)))
        if not self._deadline.allows(wait_s):
            raise error
        yield from self.source.release()
        yield from self._deadline.pause(wait_s)
        self.source = self._api.source(self._input, self._deadline)
        self.attempts += 1
