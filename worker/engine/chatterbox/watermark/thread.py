"""The watermark off the model's thread: one thread marks the blocks of all streams as they arrive."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import torch

from voices.clip import Samples
from worker.engine.chatterbox.watermark.mark import Watermark
from worker.engine.chatterbox.watermark.stream import WatermarkStream
from worker.errors import EngineFailure

logger = logging.getLogger(__name__)


class WatermarkThread:
    """Marks blocks in the order in which they were given, whatever stream they are of.

    At most ``max_waiting`` blocks are under way: giving one more waits for a place, so that a model
    faster than the marking does not fill the memory. Any threads may give blocks.
    """

    def __init__(self, watermark: Watermark, *, max_waiting: int = 64) -> None:
        self._watermark = watermark
        self._places = threading.BoundedSemaphore(max_waiting)
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="watermark")
        _compute_alone(self._executor)

    def stream(self, *, first_lookahead: int = 0) -> "ThreadedStream":
        """Begin a stream; see ``Watermark.stream``."""
        return ThreadedStream(self._watermark.stream(first_lookahead=first_lookahead), self._submit)

    def close(self) -> None:
        """Mark what was given, and end the thread."""
        self._executor.shutdown()

    def _submit(self, work: Callable[[], Samples]) -> Future[Samples]:
        self._places.acquire()
        try:
            future = self._executor.submit(work)
        except RuntimeError as error:
            self._places.release()
            raise EngineFailure("The watermark's thread was closed: start another one.") from error
        future.add_done_callback(lambda _: self._places.release())
        return future


class ThreadedStream:
    """One stream on the watermark's thread: its blocks' results are futures, done in order.

    What goes wrong is that stream's alone: the block's future and all later ones of the stream
    raise ``EngineFailure``. A future that is cancelled leaves its block out: cancel all or none.
    """

    def __init__(
        self, stream: WatermarkStream, submit: Callable[[Callable[[], Samples]], Future[Samples]]
    ) -> None:
        self._stream = stream
        self._submit = submit
        self._failed = False

    def process(self, samples: Samples) -> Future[Samples]:
        """Promise the marked samples that no later one can change; ``samples`` must not change any more.

        Raises ``EngineFailure`` when the thread was closed.
        """
        return self._submit(partial(self._run, partial(self._stream.process, samples)))

    def flush(self) -> Future[Samples]:
        """Promise the rest; nothing can be processed afterwards. Raises as ``process`` does."""
        return self._submit(partial(self._run, self._stream.flush))

    def _run(self, step: Callable[[], Samples]) -> Samples:
        if self._failed:
            raise EngineFailure("The watermark failed earlier in this stream.")
        try:
            return step()
        except Exception as error:
            self._failed = True
            logger.exception("The watermark failed")
            raise EngineFailure(
                f"The watermark failed ({type(error).__name__}): the worker's log has the details."
            ) from error


def _compute_alone(executor: ThreadPoolExecutor) -> None:
    """Let the executor's thread compute without helpers: its work is small, and the cores are the model's."""

    def use_one_core() -> None:
        torch.get_num_threads()  # a thread's first call sets it to the usual number: let that be this one
        torch.set_num_threads(1)

    usual = torch.get_num_threads()
    executor.submit(use_one_core).result()
    # That also set how many the threads begun from now on will have: put it back.
    torch.set_num_threads(usual)
