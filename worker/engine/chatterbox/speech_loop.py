"""The model's thread: steps all requests' text chunks through T3 and S3Gen."""

import queue
import threading
import time
from collections.abc import Callable

import numpy as np

from voices.clips.clip import Samples
from worker.engine.base import Occupancy, Pulse, SpeechBlock
from worker.engine.chatterbox.chunk_schedule import ChunkSchedule
from worker.engine.chatterbox.failure import as_failure, is_of_the_device
from worker.engine.chatterbox.s3gen.s3gen import RenderCall, S3Gen
from worker.engine.chatterbox.speech import Speech, Task
from worker.engine.chatterbox.t3.scheduler import TokenScheduler
from worker.engine.chatterbox.t3.utterance import Ending
from worker.errors import DeviceFailure, EngineFailure

_PAUSE_SECONDS = 0.01
"""Between two checks while all readers are stalled."""

_CLOSED = "The engine was closed while it spoke."

Begin = Callable[[Speech], Task]
"""Tokenizes and embeds a text chunk; raises ``ChatterpodError`` for an invalid one."""


class SpeechLoop:
    """Owns the model while it runs; other threads submit text chunks, read its occupancy, and close it."""

    def __init__(
        self,
        scheduler: TokenScheduler,
        s3gen: S3Gen,
        begin: Begin,
        schedule: ChunkSchedule,
        pulse: Pulse,
    ) -> None:
        self._scheduler = scheduler
        self._s3gen = s3gen
        self._begin = begin
        self._schedule = schedule
        self._pulse = pulse
        self._inbox: queue.SimpleQueue[Speech | None] = queue.SimpleQueue()
        self._has_ended = threading.Event()
        self._tasks: list[Task] = []

    def submit(self, speech: Speech) -> None:
        """Queue a text chunk; once the loop has ended, the text chunk fails."""
        self._inbox.put(speech)
        if self._has_ended.is_set():
            self._refuse_the_rest()

    def occupancy(self, slots: int) -> Occupancy:
        """Return how many text chunks there are; any thread may call this."""
        arriving = self._inbox.qsize()
        return Occupancy(
            streams=len(self._tasks) + arriving,
            waiting=self._scheduler.waiting + arriving,
            slots_used=self._scheduler.active,
            slots=slots,
        )

    def close(self) -> None:
        """Make ``run`` return; text chunks in progress fail."""
        self._inbox.put(None)

    def run(self) -> None:
        """Speak the submitted text chunks on this thread, which owns the model, until ``close``."""
        try:
            while self._take_in():
                with self._pulse.beat():
                    self._turn()
        except Exception as error:  # noqa: BLE001  # a bug: requests must not wait for ever
            self._pulse.stop(EngineFailure(as_failure(error, "go on").message))
        finally:
            for task in self._tasks:
                task.speech.finish(self._pulse.failure or EngineFailure(_CLOSED))
            self._has_ended.set()
            self._refuse_the_rest()

    def _turn(self) -> None:
        for task in [task for task in self._tasks if not task.speech.is_wanted]:
            self._end(task)
        self._decode_tokens()
        if not self._render_samples() and self._scheduler.is_idle and self._tasks:
            time.sleep(_PAUSE_SECONDS)

    def _refuse_the_rest(self) -> None:
        while True:
            try:
                speech = self._inbox.get_nowait()
            except queue.Empty:
                return
            if speech is not None:
                speech.finish(self._pulse.failure or EngineFailure(_CLOSED))

    def _take_in(self) -> bool:
        """Start the queued text chunks, waiting for one if there is no other work; return False to stop."""
        while not self._tasks or not self._inbox.empty():
            speech = self._inbox.get()
            if speech is None:
                return False
            with self._pulse.beat():
                self._start(speech)
        return True

    def _start(self, speech: Speech) -> None:
        try:
            task = self._begin(speech)
        except Exception as error:  # noqa: BLE001  # only this request fails
            self._note(error)
            speech.finish(error)
        else:
            self._scheduler.submit(task.utterance)
            self._tasks.append(task)

    def _note(self, error: Exception) -> None:
        """Stop the engine for good after an error of the device."""
        if is_of_the_device(error):
            self._pulse.stop(DeviceFailure("The GPU failed under the model; the worker's log says how."))

    def _decode_tokens(self) -> None:
        try:
            self._scheduler.turn()
        except Exception as error:  # noqa: BLE001  # the current requests fail, later ones may succeed
            self._note(error)
            for task in list(self._tasks):
                self._end(task, error)
            self._scheduler.reset()

    def _render_samples(self) -> bool:
        """Render the audio chunks that are due, the most urgent first; return whether there were any."""
        due = [(task, share) for task in self._tasks if (share := task.due(self._schedule)) is not None]
        due.sort(key=lambda pair: pair[0].speech.urgency())
        calls = [(task, task.render_call(share)) for task, share in due[: self._schedule.most_at_once]]
        if not calls:
            return False
        try:
            rendered = self._s3gen.render([call for _, call in calls])
        except Exception as error:  # noqa: BLE001  # only the requests of this call fail
            self._note(error)
            for task, _ in calls:
                self._end(task, error)
            return True
        for (task, call), samples in zip(calls, rendered, strict=True):
            self._deliver(task, call, samples)
        return True

    def _deliver(self, task: Task, call: RenderCall, samples: Samples) -> None:
        was_cut = call.final and task.utterance.ending in (Ending.OVER_BUDGET, Ending.CIRCLING)
        if len(samples):
            block = SpeechBlock(np.clip(samples, -1.0, 1.0), len(call.tokens), was_cut=was_cut)
            task.speech.put(block)
        if call.final:
            self._end(task)

    def _end(self, task: Task, error: Exception | None = None) -> None:
        self._tasks.remove(task)
        try:
            self._scheduler.cancel(task.utterance)  # raises too, once the device has failed
        finally:
            task.speech.finish(error)
