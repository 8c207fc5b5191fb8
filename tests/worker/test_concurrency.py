"""How much a worker takes on, and for how long: by its memory, and by its time limits."""

import pytest
from scripted_engine import ScriptedEngine

from worker.concurrency import requests_at_once
from worker.host_memory import free_bytes
from worker.time_limit import TimeLimit

GIBIBYTE = 1 << 30


@pytest.fixture
def cgroup(tmp_path):
    """Make a container's memory limits, by file name."""

    def write(**files):
        for name, value in files.items():
            file = tmp_path / name.replace("__", "/").replace("_max", ".max").replace("_current", ".current")
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"{value}\n")
        return tmp_path

    return write


class TestConcurrency:
    def test_much_memory_leaves_it_to_the_engine(self):
        assert requests_at_once(ScriptedEngine(), 64 * GIBIBYTE) == ScriptedEngine.capacity

    def test_little_memory_means_fewer(self):
        assert 1 < requests_at_once(ScriptedEngine(), GIBIBYTE // 2) < ScriptedEngine.capacity

    def test_there_is_always_one(self):
        assert requests_at_once(ScriptedEngine(), 0) == 1


class TestFreeMemory:
    def test_without_a_limit_it_is_the_machine_s(self, cgroup):
        machine = free_bytes(cgroup())
        assert machine > 100 << 20
        assert free_bytes(cgroup(memory_max="max", memory_current=1)) > machine / 2

    def test_a_container_s_limit_counts(self, cgroup):
        assert free_bytes(cgroup(memory_max=3 << 20, memory_current=1 << 20)) == 2 << 20

    def test_more_than_the_limit_is_none_left(self, cgroup):
        assert free_bytes(cgroup(memory_max=1 << 20, memory_current=3 << 20)) == 0


class TestTimeLimit:
    def test_none_where_nobody_sets_one(self):
        assert TimeLimit.of(None, None) is None

    @pytest.mark.parametrize(
        ("deadline_ms", "most_seconds", "field"),
        [(500, None, "deadline_ms"), (500, 1.0, "deadline_ms"), (5000, 1.0, "text"), (None, 1.0, "text")],
    )
    def test_the_earlier_one_holds_and_says_whose_it_is(self, deadline_ms, most_seconds, field):
        limit = TimeLimit.of(deadline_ms, most_seconds)
        assert limit is not None
        assert limit.milliseconds == min(deadline_ms or 1000, 1000)
        assert limit.exceeded().field == field
