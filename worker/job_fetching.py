"""Guards between RunPod's queue and the SDK's loop: valid jobs, retries with back-off, bounded results.

The SDK's loop ends, with every request in progress, at a job whose id is not a string. It drops the rest of
a batch at a job that it cannot record. After a failed fetch it retries without a pause: while RunPod is
unreachable it would do nothing else, and fill the log.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any


class Aggregate:
    """Keeps a job's result within ``max_bytes`` of encoded audio, before base64: the service's own limit.

    The SDK posts each event that a handler yields, keeps the same object, and posts the list of them as the
    job's result. RunPod loses a result that is too large, and the worker holds all of it until then.
    Above the limit the posted events lose their audio. By then the audio is being written to a file, and the
    end event names that file.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._posted: list[dict[str, Any]] = []

    def add(self, event: dict[str, Any]) -> None:
        """Record an event that has been posted."""
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
"""A job's id goes into URLs and headers; RunPod's ids have about forty of these characters."""
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0
_LONGEST_SILENT_PAUSE_S = 0.2
"""Upper bound after an empty answer: that is no error, and the next job must not wait."""
_AT_ONCE_S = 0.02
"""An empty answer that comes sooner was no long poll."""


def pause_s(failures: int) -> float:
    """Return the back-off in seconds after ``failures`` failures in a row."""
    return min(_FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10), _LONGEST_PAUSE_S)


def taking(fetch: Fetch) -> Fetch:
    """Return a guarded version of ``fetch``, the SDK's function that asks for jobs."""
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
    """Return the valid jobs of an answer; invalid ones are logged, since no client can be told."""
    given = found if isinstance(found, list) else []
    jobs = [each for each in given if _is_job(each)]
    if len(jobs) < len(given):
        log.error("RunPod returned %d invalid jobs", len(given) - len(jobs))
    return jobs


def _is_job(job: object) -> bool:
    # The SDK passes each entry as a keyword argument to a constructor, where "self" would clash.
    return (
        isinstance(job, dict)
        and isinstance(job.get("id"), str)
        and _ID.fullmatch(job["id"]) is not None
        and "self" not in job
    )
