"""The face of a speech service, and the service that a failed start leaves."""

from collections.abc import AsyncGenerator, Callable
from copy import copy
from typing import NoReturn, Protocol

from typing_extensions import override

from voices.errors import ChatterpodError, StoreFailure
from worker.events import Event, HealthEvent, Vitals, VoicesEvent
from worker.request import Arrival, ListVoicesRequest
from worker.speech.text_source import TextSource

_REFUSALS_AT_ONCE = 32


class Service(Protocol):
    """The face of speech for the queue and HTTP; its methods raise nothing but ``ChatterpodError``."""

    is_started: bool
    """Whether an engine was loaded: only then can another process do better after a failure."""
    max_concurrency: int
    """Jobs to hold at once."""
    on_failure: Callable[[], None]
    """Called once, from another thread, after an engine's failure for good."""

    @property
    def failure(self) -> ChatterpodError | None:
        """Why it will not speak, or not again."""
        ...

    @property
    def store_failure(self) -> StoreFailure | None:
        """Why no voice can be read that is not in memory, if so; does not wait."""
        ...

    @property
    def active_requests(self) -> int:
        """How many requests are under way."""
        ...

    @property
    def engine_name(self) -> str:
        """The engine's name, as in the ``ENGINE`` setting."""
        ...

    @property
    def fingerprint(self) -> str:
        """The engine's: voices with conditionals for it need no computing."""
        ...

    def check_open(self) -> None:
        """Raise the error with which it would refuse any request now, if it would."""
        ...

    def respond(
        self, job_input: object, arrival: Arrival, source: TextSource | None = None
    ) -> AsyncGenerator[Event]:
        """Yield the events that answer a job's input; the text to speak may come from ``source``."""
        ...

    def vitals(self) -> Vitals | None:
        """Return its state right now, None without an engine; any thread may ask."""
        ...

    def health(self) -> HealthEvent:
        """Return its state with the number of voices; waits for the store, a second at most."""
        ...

    def voices(self, request: ListVoicesRequest) -> VoicesEvent:
        """Return a page of the voices, on the caller's own thread."""
        ...

    def end_within(self, seconds: float, *, takes_what_fits: bool = False) -> None:
        """Let the requests under way go on for so long, and then end with an error; take no more.

        ``takes_what_fits`` still takes the requests that are likely to end in time.
        """
        ...

    def close(self) -> None:
        """Stop the requests and give back what the engine holds."""
        ...


class Unable(Service):
    """A service that cannot speak: each question is answered with the same error."""

    is_started = False
    max_concurrency = _REFUSALS_AT_ONCE

    def __init__(self, failure: ChatterpodError) -> None:
        self._failure = failure
        self.on_failure = lambda: None

    @property
    @override
    def failure(self) -> ChatterpodError:
        return self._failure

    @property
    @override
    def store_failure(self) -> None:
        return None

    @property
    @override
    def active_requests(self) -> int:
        return 0

    @property
    @override
    def engine_name(self) -> NoReturn:
        self.check_open()

    @property
    @override
    def fingerprint(self) -> NoReturn:
        self.check_open()

    @override
    def check_open(self) -> NoReturn:
        raise copy(self._failure)  # each raise of the same one would add to its traceback

    @override
    async def respond(
        self, job_input: object, arrival: Arrival, source: TextSource | None = None
    ) -> AsyncGenerator[Event]:
        self.check_open()
        yield

    @override
    def vitals(self) -> None:
        return None

    @override
    def health(self) -> NoReturn:
        self.check_open()

    @override
    def voices(self, request: ListVoicesRequest) -> NoReturn:
        self.check_open()

    @override
    def end_within(self, seconds: float, *, takes_what_fits: bool = False) -> None:
        """Do nothing: no request is under way."""

    @override
    def close(self) -> None:
        """Do nothing: there is no engine."""
