"""Polling intervals: none while audio flows, growing while nothing comes."""

from __future__ import annotations

FIRST_WAIT_S = 0.005
GROWTH = 1.3
LONGEST_QUEUED_WAIT_S = 0.25
LONGEST_RUNNING_WAIT_S = 0.05  # audio is imminent: this bounds the latency that polling adds


class PollPace:
    """The waits between the polls of one job.

    RunPod allows 2,000 polls in 10 s for all jobs of an endpoint: a running job makes at most 200 of them, a
    queued one 40.
    """

    def __init__(self) -> None:
        self._wait_s = FIRST_WAIT_S
        self._status = ""

    def after(self, *, status: str, had_events: bool, took_s: float) -> float:
        """Return the seconds to wait after a poll, given its result and its duration."""
        if had_events or status != self._status:
            self._status, self._wait_s = status, FIRST_WAIT_S
        if had_events:
            return 0.0
        wait_s = max(0.0, self._wait_s - took_s)  # a long poll has already waited
        longest = LONGEST_QUEUED_WAIT_S if status == "IN_QUEUE" else LONGEST_RUNNING_WAIT_S
        self._wait_s = min(self._wait_s * GROWTH, longest)
        return wait_s
