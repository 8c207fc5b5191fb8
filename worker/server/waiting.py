"""How much text waits to be spoken: of a connection, and of all of them together."""

from worker.errors import Overloaded


class WaitingText:
    """Counts characters, up to ``most``; ``whose`` begins the error of who wants more."""

    def __init__(self, most: int, whose: str, whole: "WaitingText | None" = None) -> None:
        """``whole`` is the count that this one is a part of."""
        self.characters = 0
        self._most = most
        self._whose = whose
        self._whole = whole

    def change(self, by: int) -> None:
        """Count so many more, or fewer; raises ``Overloaded``, and then has counted nothing."""
        if by > 0 and self.characters + by > self._most:
            raise Overloaded(
                f"{self._whose} has {self._most:,} characters waiting at most: let some be spoken."
            )
        if self._whole is not None:
            self._whole.change(by)
        self.characters += by


class HeldText:
    """One request's part of what waits."""

    def __init__(self, waiting: WaitingText) -> None:
        self._waiting = waiting
        self.characters = 0

    def hold(self, characters: int) -> None:
        """Hold so many from now on; raises ``Overloaded``, and then holds what it did."""
        self._waiting.change(characters - self.characters)
        self.characters = characters
