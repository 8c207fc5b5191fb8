"""Graceful shutdown of RunPod's loop: every job that the SDK has taken is answered.

The SDK fetches jobs by a long poll. If SIGTERM arrives while a poll is open, the SDK takes the job that the
poll returns and never runs it. So this module waits for the open poll. It speaks a late job if the grace
period has room for it. The SDK cannot return a job, and RunPod does not retry a failed one: any other late
job ends with an error upon which our client retries.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Collection

from worker.service.unable import Service

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.02
_POSTING_S = 5.0
"""Time for posting the last answers, after the grace period."""
_LEAVING_S = 5.0
"""Time for the process to exit, after the last answers."""
_FAILURE_GRACE_S = 5.0
"""Grace period after an engine failure: no speech can be finished, and only errors are left to post."""


class Draining:
    """Its ``concurrency`` is the SDK's ``concurrency_modifier``, called before each request for jobs.

    ``held_jobs`` returns the ids of the jobs that the SDK holds. ``has_begun`` returns whether the handler
    has begun a job. Both are called on the SDK's event loop.
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
        """Return how many jobs the SDK may hold: a constant, because the SDK idles before each change.

        During shutdown the number keeps the SDK from fetching more. At 0 the SDK fetches none, but would not
        start the jobs that it holds. At another changed number it waits until it holds none.
        """
        if self._loop is None:
            self._take_over_signals()
        if self._ending is None:
            return self._service.max_concurrency
        self._asks_no_more = True
        return 0 if all(map(self._has_begun, self._held_jobs())) else self._service.max_concurrency + 1

    @property
    def longest_s(self) -> float:
        """Upper bound for the time from SIGTERM to the process's exit."""
        return self._grace_s + _POSTING_S + _LEAVING_S

    def begin_after_failure(self) -> None:
        """End soon after the engine's final failure. Thread-safe, also before the SDK's loop runs."""
        self._has_failed = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._begin, _FAILURE_GRACE_S)

    def _take_over_signals(self) -> None:
        """Replace the SDK's signal handlers, which are installed by now."""
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._begin, self._grace_s)
        if self._has_failed:
            self._begin(_FAILURE_GRACE_S)

    def _begin(self, grace_s: float) -> None:
        if self._ending is None:
            log.info("shutting down: requests in progress get %.0f s to finish", grace_s)
            self._service.end_within(grace_s, takes_what_fits=True)
            self._ending = asyncio.create_task(self._end(grace_s))

    async def _end(self, grace_s: float) -> None:
        """Wait for the jobs in progress, then cancel the SDK's tasks: its polls stay open for up to 90 s."""
        over = asyncio.get_running_loop().time() + grace_s
        # After a failure the SDK ends by itself, and would take one more job without running it.
        await self._until(lambda: self._asks_no_more or self._has_failed, over)
        await self._until(lambda: not self._held_jobs(), over + _POSTING_S)
        if left := self._held_jobs():
            log.error("%d jobs did not end in time", len(left))
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _until(self, is_so: Callable[[], bool], deadline: float) -> None:
        # The SDK has no notification for the end of a job.
        while not is_so() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_EVERY_S)
