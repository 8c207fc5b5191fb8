"""The model's thread: every request's text chunks through T3 and S3Gen, a step at a time."""

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
"""Between two looks at readers that are all behind."""

_CLOSED = "The engine was closed while it spoke."

Begin = Callable[[Speech], Task]
"""Tokenizes and embeds a text chunk; raises ``ChatterpodError`` for one that cannot be spoken."""


class SpeechLoop:
    """Owns the model while it runs; other threads reach it through ``submit`` alone."""

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
        """Let a text chunk be spoken; once the loop has ended, it fails instead."""
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
        """Let ``run`` return; what is under way fails."""
        self._inbox.put(None)

    def run(self) -> None:
        """Speak what is submitted, on the thread that owns the model, until ``close``."""
        try:
            while self._take_in():
                with self._pulse.beat():
                    self._turn()
        except Exception as error:  # noqa: BLE001  # a mistake of ours: nobody may wait for ever
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
        """Begin what has come in, waiting for it where there is nothing else to do; False to stop."""
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
        except Exception as error:  # noqa: BLE001  # it is this request's alone
            self._note(error)
            speech.finish(error)
        else:
            self._scheduler.submit(task.utterance)
            self._tasks.append(task)

    def _note(self, error: Exception) -> None:
        """Say so where nothing can be spoken after an error."""
        if is_of_the_device(error):
            self._pulse.stop(DeviceFailure("The GPU failed under the model; the worker's log says how."))

    def _decode_tokens(self) -> None:
        try:
            self._scheduler.turn()
        except Exception as error:  # noqa: BLE001  # the requests hear of it, and others may follow
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
            self._scheduler.cancel(task.utterance)  # fails too, once the device has
        finally:
            task.speech.finish(error)
