"""One stream is warm before the engine is ready; more are warmed behind its traffic."""

from worker.engine.chatterbox.warm_up import FIRST_STREAMS, LATER_STREAMS, WarmUp
from worker.errors import EngineFailure


class Scripted:
    """Notes what is spoken, and how often it was asked for a pause before."""

    def __init__(self, *, busy_for: int = 0, closes_after: int = 99) -> None:
        self.spoken: list[tuple[int, int]] = []
        self._asked = 0
        self._busy_for = busy_for
        self._closes_after = closes_after

    def speak(self, count: int) -> None:
        if len(self.spoken) == self._closes_after:
            raise EngineFailure("The engine was closed.")
        self.spoken.append((count, self._asked))

    def is_idle(self) -> bool:
        self._asked += 1
        return self._asked > self._busy_for


def test_only_one_stream_is_spoken_before_the_engine_is_ready() -> None:
    blocked = Scripted(busy_for=10**9)
    WarmUp(blocked.speak, blocked.is_idle).begin()
    assert blocked.spoken == [(FIRST_STREAMS, 0)]
    blocked._busy_for = 0  # lets its thread end


def test_the_others_follow_each_once_nobody_is_spoken_to() -> None:
    script = Scripted(busy_for=2)
    WarmUp(script.speak, script.is_idle).go_on()
    assert [count for count, _ in script.spoken] == list(LATER_STREAMS)
    assert [asked for _, asked in script.spoken] == [3, 4, 5]


def test_it_ends_with_the_engine() -> None:
    script = Scripted(closes_after=1)
    WarmUp(script.speak, script.is_idle).go_on()
    assert [count for count, _ in script.spoken] == [LATER_STREAMS[0]]
