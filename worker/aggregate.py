"""What RunPod's SDK gathers of a job while it streams, to post all of it once more at the end."""

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
