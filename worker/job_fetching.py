"""What comes of asking RunPod for jobs, before the SDK's loop sees it: jobs alone, and never in a rush.

That loop ends, with all that is being spoken, at a job without an id that is a string; it forgets the rest
of a batch at one that it cannot note; and where asking fails it asks again at once: while RunPod cannot be
reached it would do nothing else, and fill the log.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any


class Aggregate:
    """Keeps a job's result within ``max_bytes`` of encoded audio, before base64: the service's own limit.

    The SDK posts each event that a handler yields, keeps the very object, and posts the list of them as the
    job's result: RunPod loses that result if it is too large, and the worker holds all of it until then.
    Once there is too much, the events that were posted lose their audio; by then it is being written to a
    file, and the end event says where.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._posted: list[dict[str, Any]] = []

    def add(self, event: dict[str, Any]) -> None:
        """Take in an event that has been posted."""
        if "audio" not in event:
            return
        audio = event["audio"]
        self._bytes += len(audio) * 3 // 4 - audio.count("=", -2)
        self._posted.append(event)
        if self._bytes > self._max_bytes:
            for posted in self._posted:
                posted["audio"] = ""
            self._posted.clear()


log = logging.getLogger(__name__)

Jobs = list[dict[str, Any]]
Fetch = Callable[..., Awaitable[Any]]

_ID = re.compile(r"[!-~]{1,256}")
"""It goes into the URLs and the headers of a job's answers; RunPod's have some forty such characters."""
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0
_LONGEST_SILENT_PAUSE_S = 0.2
"""After an answer without jobs: from RunPod that is nothing wrong, and the next job must not wait."""
_AT_ONCE_S = 0.02
"""What comes sooner was not waited for."""


def pause_s(failures: int) -> float:
    """Return how long to wait before asking again after so many failures in a row."""
    return min(_FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10), _LONGEST_PAUSE_S)


def taking(fetch: Fetch) -> Fetch:
    """Return a function that asks for jobs as the SDK's own does, which ``fetch`` is."""
    failures = 0

    async def fetch_jobs(*arguments: Any) -> Jobs:
        nonlocal failures
        clock = asyncio.get_running_loop().time
        asked = clock()
        try:
            jobs = only_jobs(await fetch(*arguments))
        except Exception:
            failures += 1
            await asyncio.sleep(pause_s(failures))
            raise
        if jobs or clock() - asked > _AT_ONCE_S:
            failures = 0
        else:
            failures += 1
            await asyncio.sleep(min(pause_s(failures), _LONGEST_SILENT_PAUSE_S))
        return jobs

    return fetch_jobs


def only_jobs(found: object) -> Jobs:
    """Return what of an answer can be run; the rest has nobody who could be told."""
    given = found if isinstance(found, list) else []
    jobs = [each for each in given if _is_job(each)]
    if len(jobs) < len(given):
        log.error("RunPod gave %d jobs that are none", len(given) - len(jobs))
    return jobs


def _is_job(job: object) -> bool:
    # The SDK makes an object of its own of it, each entry an argument.
    return (
        isinstance(job, dict)
        and isinstance(job.get("id"), str)
        and _ID.fullmatch(job["id"]) is not None
        and "self" not in job
    )
