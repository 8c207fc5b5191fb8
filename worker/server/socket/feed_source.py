"""Passes a feed's text from the event loop to the thread of the request that speaks it."""

import asyncio
from concurrent.futures import Future, wait

from worker.errors import Cancelled
from worker.server.socket.text_feed import TextFeed
from worker.speech.text_source import TextPart, TextSource
from worker.telemetry.record import MOST_LOGGED_CHARACTERS


class FeedSource(TextSource):
    """Takes a part once the request can speak it; until then the feed holds and counts it.

    Create it on the feed's event loop; call its methods on the request's thread.
    """

    def __init__(self, feed: TextFeed) -> None:
        self._feed = feed
        self._loop = asyncio.get_running_loop()
        self._taking: Future[TextPart | None] | None = None
        self._beginning = ""
        self._characters = 0
        self.is_over = False
        self.is_waiting = True

    @property
    def taken(self) -> tuple[str, int]:
        """The beginning of the text taken so far, for the log, and its length in characters."""
        return self._beginning, self._characters

    def poll(self) -> TextPart | None:
        """Return the next part; None if none is available yet, or ``is_over``."""
        taking = self._take()
        if not taking.done():
            return None
        self._taking = None
        part = taking.result()
        self.is_over = part is None or part.is_last
        if part is not None:
            self._beginning += part.text[: MOST_LOGGED_CHARACTERS - len(self._beginning)]
            self._characters += len(part.text)
        return part

    def wait(self, seconds: float) -> bool:
        """Wait until ``poll`` has a result, at most ``seconds``; return whether it has."""
        return bool(wait([self._take()], seconds).done)

    def _take(self) -> "Future[TextPart | None]":
        if self._taking is None:
            taking = self._feed.take()
            try:
                self._taking = asyncio.run_coroutine_threadsafe(taking, self._loop)
            except RuntimeError as error:  # the loop has ended, and with it the connection
                taking.close()
                raise Cancelled("The request was cancelled.") from error
        return self._taking
