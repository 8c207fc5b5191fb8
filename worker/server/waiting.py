"""Counts of the text that waits to be spoken, per connection and in total."""

from worker.errors import Overloaded


class WaitingText:
    """Counts characters up to ``most``; ``whose`` names the owner in the error beyond it."""

    def __init__(self, most: int, whose: str, whole: "WaitingText | None" = None) -> None:
        """``whole`` is the total that includes this count."""
        self.characters = 0
        self._most = most
        self._whose = whose
        self._whole = whole

    def change(self, by: int) -> None:
        """Add ``by``, which may be negative; raises ``Overloaded``, with the count unchanged."""
        if by > 0 and self.characters + by > self._most:
            raise Overloaded(
                f"{self._whose} has {self._most:,} characters waiting at most: retry once some are spoken."
            )
        if self._whole is not None:
            self._whole.change(by)
        self.characters += by


class HeldText:
    """One request's share of the waiting text."""

    def __init__(self, waiting: WaitingText) -> None:
        self._waiting = waiting
        self.characters = 0

    def hold(self, characters: int) -> None:
        """Set the share to ``characters``; raises ``Overloaded``, with the share unchanged."""
        self._waiting.change(characters - self.characters)
        self.characters = characters
