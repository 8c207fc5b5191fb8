"""The state of speech in reception, common to both clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatterpod.reception import Reception
    from chatterpod.stream import SpokenText, StreamEnd, StreamStart


class Received:
    """The state of one request's speech, as far as it has come."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    def __repr__(self) -> str:
        return f"<{type(self).__name__} job {self.job_id} {self.status} {self.seconds:.2f} s>"

    @property
    def job_id(self) -> str:
        """RunPod's id of the job; over HTTP, the request's. A retry has a new one."""
        return self._reception.source.id

    @property
    def status(self) -> str:
        """The job's state at the last poll."""
        return self._reception.source.status

    @property
    def attempts(self) -> int:
        """How often the request was made: more than once after `overloaded` or `loading`."""
        return self._reception.attempts

    @property
    def start(self) -> StreamStart | None:
        """The audio's properties; known from the first piece on."""
        return self._reception.stream.start

    @property
    def end(self) -> StreamEnd | None:
        """The audio's totals; known when all of it has come."""
        return self._reception.stream.end

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The worker's measurements; empty until all audio has come."""
        return self._reception.stream.metrics

    @property
    def seconds(self) -> float:
        """Seconds of audio received so far."""
        return self._reception.stream.seconds

    @property
    def timeline(self) -> Sequence[SpokenText]:
        """Which characters of the text are spoken when, for the audio received so far."""
        return tuple(self._reception.stream.timeline)

    @property
    def first_audio_s(self) -> float | None:
        """Seconds from the request to its first audio here, including the queue and the network."""
        at = self._reception.first_audio_at
        return None if at is None else at - self._reception.asked_at
