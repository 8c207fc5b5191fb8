"""How much a worker takes on, and for how long: by its memory, and by its time limits."""

import pytest
from scripted_engine import ScriptedEngine

from worker.engine.machine import core_limit, free_memory, memory_limit
from worker.request import Arrival
from worker.service.request_threads import requests_at_once
from worker.speech.progress import Clock

GIBIBYTE = 1 << 30


@pytest.fixture
def cgroup(tmp_path):
    """Make a control group's files of their names and contents."""

    def write(files):
        for name, content in files.items():
            file = tmp_path / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"{content}\n")
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
        machine = free_memory(cgroup({}))
        assert machine > 100 << 20
        assert free_memory(cgroup({"memory.max": "max", "memory.current": 1})) > machine / 2

    @pytest.mark.parametrize(
        ("limit", "used", "stat"),
        [
            ("memory.max", "memory.current", "memory.stat"),
            ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
        ],
    )
    def test_a_container_s_limit_counts_and_files_that_can_be_dropped_do_not(self, cgroup, limit, used, stat):
        files = {limit: 9 << 20, used: 7 << 20, stat: f"anon 5\ninactive_file {4 << 20}\nactive_file 3"}
        assert free_memory(cgroup(files)) == 6 << 20

    def test_more_than_the_limit_is_none_left(self, cgroup):
        assert free_memory(cgroup({"memory.max": 1 << 20, "memory.current": 3 << 20})) == 0


@pytest.mark.parametrize(
    ("files", "memory", "cores"),
    [
        ({}, None, None),
        ({"memory.max": "max\n", "cpu.max": "max 100000\n"}, None, None),
        ({"memory.max": "8000000000\n", "cpu.max": "150000 100000\n"}, 8_000_000_000, 1.5),
        (
            {
                "memory/memory.limit_in_bytes": "4000000000",
                "cpu/cpu.cfs_quota_us": "200000",
                "cpu/cpu.cfs_period_us": "100000",
            },
            4_000_000_000,
            2.0,
        ),
        ({"memory/memory.limit_in_bytes": "9223372036854771712", "cpu/cpu.cfs_quota_us": "-1"}, None, None),
    ],
)
def test_the_containers_limits_are_read_in_both_versions(cgroup, files, memory, cores):
    directory = cgroup(files)
    assert (memory_limit(directory), core_limit(directory)) == (memory, cores)


class TestTimeLimit:
    def test_none_where_nobody_sets_one(self):
        clock = Clock(Arrival("r1"), lambda: False)
        assert clock.limit_ms is None
        clock.check()

    @pytest.mark.parametrize(
        ("deadline_ms", "most_seconds", "field"),
        [(500, None, "deadline_ms"), (500, 1.0, "deadline_ms"), (5000, 1.0, "text"), (None, 1.0, "text")],
    )
    def test_the_earlier_one_holds_and_says_whose_it_is(self, deadline_ms, most_seconds, field):
        clock = Clock(Arrival("r1"), lambda: False, deadline_ms, most_seconds)
        assert clock.limit_ms == min(deadline_ms or 1000, 1000)
        assert clock.exceeded().field == field
