"""How long one request may take: what it asks for, or what the worker allows, whichever ends first."""

from dataclasses import dataclass

from worker.errors import DeadlineExceeded


@dataclass(frozen=True)
class TimeLimit:
    """Milliseconds from the request's arrival."""

    milliseconds: float
    is_requested: bool
    """Whether it is the request's own ``deadline_ms``."""

    @classmethod
    def of(cls, deadline_ms: int | None, most_seconds: float | None) -> "TimeLimit | None":
        """Return the earlier of the two; None where there is neither."""
        limits = [cls(deadline_ms, is_requested=True)] if deadline_ms is not None else []
        limits += [cls(most_seconds * 1000, is_requested=False)] if most_seconds is not None else []
        return min(limits, key=lambda limit: limit.milliseconds, default=None)

    def exceeded(self) -> DeadlineExceeded:
        """Return the error that says so."""
        if self.is_requested:
            return DeadlineExceeded(
                f"The speech was not complete within deadline_ms={self.milliseconds:.0f}: "
                "allow more time, or send less text.",
                field="deadline_ms",
            )
        return DeadlineExceeded(
            f"The speech was not complete within the {self.milliseconds / 1000:.0f} s that this worker gives "
            "a request (MAX_REQUEST_SECONDS): send the text in parts.",
            field="text",
        )
