"""Webhooks: posts to an application's server when its job has ended, as RunPod does."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp

from local_runpod.responses import describe

if TYPE_CHECKING:
    from local_runpod.jobs import QueuedJob

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""RunPod's documents: two retries, ten seconds apart, until the response is 200."""
ANSWER_WITHIN_S = 10.0
MOST_AT_ONCE = 8
MOST_PENDING = 256
"""Upper bound of pending posts: each holds its job's result until the server has responded."""
LONGEST_URL = 2048


class Webhooks:
    """Posts each job's final status to the URL it was submitted with. One event loop."""

    def __init__(self, retry_after_s: float = 10.0) -> None:
        self.retry_after_s = retry_after_s
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._pending: set[asyncio.Task[None]] = set()

    def job_ended(self, job: QueuedJob) -> None:
        """Post a job's status soon, if it has a webhook; retry unless the response is 200."""
        if job.webhook is None:
            return
        if len(self._pending) >= MOST_PENDING:
            log.warning("job %s: webhook skipped: %s others are pending", job.id, MOST_PENDING)
            return
        task = asyncio.get_running_loop().create_task(self._tell(job.id, job.webhook, describe(job)))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def close(self) -> None:
        """Abandon the pending posts."""
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)

    async def _tell(self, job_id: str, url: str, status: dict[str, Any]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            async with self._turns:
                failure = await _post(url, status)
            if failure is None:
                return
            log.warning("job %s: webhook failed, attempt %s of %s: %s", job_id, attempt, ATTEMPTS, failure)
            if attempt < ATTEMPTS:
                await asyncio.sleep(self.retry_after_s)


async def _post(url: str, status: dict[str, Any]) -> str | None:
    """Return the reason of a failure; None if the response was 200. Redirects are not followed."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, json=status, allow_redirects=False) as answer,
        ):
            return None if answer.status == HTTPStatus.OK else f"HTTP {answer.status}"
    except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
        return f"{type(error).__name__}: {error}"


def webhook_of(body: dict[str, Any]) -> str | None:
    """Return the URL in a request's body, None without one; raise ValueError for an invalid URL."""
    url = body.get("webhook")
    if url is None or url == "":
        return None
    problem = ValueError(f"webhook must be an http or https URL of at most {LONGEST_URL} characters")
    if not isinstance(url, str) or len(url) > LONGEST_URL:
        raise problem
    try:
        parts = urlsplit(url)
        is_http = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise problem from error
    if not is_http:
        raise problem
    return url
