"""The interface of a speech service, and the service after a failed start."""

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
    """The interface between speech and the queue or HTTP; its methods raise only ``ChatterpodError``."""

    is_started: bool
    """Whether an engine was loaded: only then can a new process help after a failure."""
    max_concurrency: int
    """Upper bound for jobs held at once."""
    on_failure: Callable[[], None]
    """Called once, from another thread, after the engine's final failure."""

    @property
    def failure(self) -> ChatterpodError | None:
        """The final failure of the start or of the engine, if any."""
        ...

    @property
    def store_failure(self) -> StoreFailure | None:
        """The error that every voice outside the memory ends with now, if any; does not wait."""
        ...

    @property
    def active_requests(self) -> int:
        """Number of requests in progress."""
        ...

    @property
    def engine_name(self) -> str:
        """The engine's name, as in the ``ENGINE`` setting."""
        ...

    @property
    def fingerprint(self) -> str:
        """The engine's fingerprint: a voice with conditionals for it need not be computed."""
        ...

    def check_open(self) -> None:
        """Raise the error with which every request would be refused now, if there is one."""
        ...

    def respond(
        self, job_input: object, arrival: Arrival, source: TextSource | None = None
    ) -> AsyncGenerator[Event]:
        """Yield the events that answer a job's input; a ``source`` replaces the input's text."""
        ...

    def vitals(self) -> Vitals | None:
        """Return the current state, None without an engine; thread-safe."""
        ...

    def health(self) -> HealthEvent:
        """Return the current state with the number of voices; waits for the store up to a second."""
        ...

    def voices(self, request: ListVoicesRequest) -> VoicesEvent:
        """Return a page of the voices; blocks the calling thread."""
        ...

    def end_within(self, seconds: float, *, takes_what_fits: bool = False) -> None:
        """Refuse new requests, and fail those still in progress after ``seconds``.

        With ``takes_what_fits`` the service still takes the requests that are likely to end in time.
        """
        ...

    def close(self) -> None:
        """Stop the requests and release the engine."""
        ...


class Unable(Service):
    """A service that cannot speak: it raises the same error for every request."""

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
        raise copy(self._failure)  # raising the same object again would extend its traceback

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
        """Do nothing: no request is in progress."""

    @override
    def close(self) -> None:
        """Do nothing: there is no engine."""
