"""Ending RunPod's loop so that no job is taken and left behind.

The SDK asks for jobs by a request that stays open until there is one. Told to end by SIGTERM while one
is open, it takes the job that comes of it and never runs it. So here that request is waited for. A job that
still comes is spoken where the grace period has room for it. The SDK cannot hand a job back, and RunPod does
not run a failed one again: any other job ends with an error upon which our client sends it again.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Collection

from worker.service.unable import Service

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.02
_POSTING_S = 5.0
"""What the last answers may take on their way, once the grace is over."""
_LEAVING_S = 5.0
"""And what the process may take to end after that."""
_FAILURE_GRACE_S = 5.0
"""After an engine's failure nothing can be finished: only the errors have to be posted."""


class Draining:
    """Its ``concurrency`` is the SDK's ``concurrency_modifier``, called before each request for jobs.

    ``held_jobs`` names the jobs that the SDK holds, and ``has_begun`` says of one whether the handler has it;
    both are called on the SDK's event loop.
    """

    def __init__(
        self,
        service: Service,
        grace_s: float,
        held_jobs: Callable[[], Collection[str]],
        has_begun: Callable[[str], bool],
    ) -> None:
        self._service = service
        self._grace_s = grace_s
        self._held_jobs = held_jobs
        self._has_begun = has_begun
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Task[None] | None = None
        self._asks_no_more = False
        self._has_failed = False

    def concurrency(self, _current: int) -> int:
        """Return how many jobs to hold: a constant, because the SDK idles before it changes.

        At the end, what keeps it from asking for more: 0; or, since with 0 it would not start what it holds,
        another number, at which it waits until it holds none.
        """
        if self._loop is None:
            self._take_over_signals()
        if self._ending is None:
            return self._service.max_concurrency
        self._asks_no_more = True
        return 0 if all(map(self._has_begun, self._held_jobs())) else self._service.max_concurrency + 1

    @property
    def longest_s(self) -> float:
        """What there may be between SIGTERM and the process's end."""
        return self._grace_s + _POSTING_S + _LEAVING_S

    def begin_after_failure(self) -> None:
        """End soon: the engine can do nothing more. From any thread, also before the SDK's loop runs."""
        self._has_failed = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._begin, _FAILURE_GRACE_S)

    def _take_over_signals(self) -> None:
        """Hear of the end before the SDK does, which has set its handlers by now."""
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._begin, self._grace_s)
        if self._has_failed:
            self._begin(_FAILURE_GRACE_S)

    def _begin(self, grace_s: float) -> None:
        if self._ending is None:
            log.info("told to end: what is being spoken may take %.0f s more", grace_s)
            self._service.end_within(grace_s, takes_what_fits=True)
            self._ending = asyncio.create_task(self._end(grace_s))

    async def _end(self, grace_s: float) -> None:
        """Wait for what is under way, then end the SDK's tasks: its requests stay open for up to 90 s."""
        over = asyncio.get_running_loop().time() + grace_s
        # After a failure the SDK itself ends, and would take one job more without ever running it.
        await self._until(lambda: self._asks_no_more or self._has_failed, over)
        await self._until(lambda: not self._held_jobs(), over + _POSTING_S)
        if left := self._held_jobs():
            log.error("%d jobs did not end in time", len(left))
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _until(self, is_so: Callable[[], bool], deadline: float) -> None:
        # The SDK tells nobody of its jobs' ends.
        while not is_so() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_EVERY_S)
