"""How long something takes is measured by a clock that nobody sets: the wall clock may jump by a day."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("chatterpod", "local_runpod", "deployment", "synthetic", "voices", "voices_cli", "worker")
WALL = {
    *("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.strftime"),
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
}
ON_PURPOSE = {
    "chatterpod/api.py: retry_after_s": "a date of the server's, by the wall clock there",
    "voices/claim.py: _describe_writer": "read by other machines: no other clock is theirs too",
    "voices/claim.py: live_writer": "how old another machine's claim is",
    "voices/manifests.py: new_manifest": "when a voice was made",
    "voices/verification.py: Verifier": "when a voice was made",
    "voices_cli/output.py: age": "for people to read",
    "worker/telemetry/traces.py: Traces": "when a request came, as a collector is told",
    "worker/speech/results/leftovers.py: remove_older": "how old another worker's file is",
    "worker/speech/results/place.py: BucketPlace": "the month, for a bucket's name",
    "worker/speech/results/jobs.py: Job": "likewise",
}
"""Where the wall clock is asked, and why: it is a time that others know, or a file's."""


def wall_clock_uses(tree: ast.Module) -> list[str]:
    """Return the names of the functions and classes of a module that ask the wall clock."""
    return [
        getattr(statement, "name", "")
        for statement in tree.body
        for node in ast.walk(statement)
        if isinstance(node, ast.Attribute | ast.Name) and _dotted(node) in WALL
    ]


def _dotted(node: ast.expr) -> str:
    """Return the last two names of ``datetime.datetime.now``."""
    return ".".join(ast.unparse(node).split(".")[-2:])


def _found() -> dict[str, str]:
    return {
        f"{path.relative_to(ROOT).as_posix()}: {name}": path.read_text()
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for name in wall_clock_uses(ast.parse(path.read_text()))
    }


def test_the_wall_clock_is_asked_for_times_alone():
    assert set(_found()) == set(ON_PURPOSE)


def test_no_module_takes_a_clock_by_another_name():
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and node.module == "time":
                    raise AssertionError(f"{path}: import time, so that it is seen which clock is asked")
                if isinstance(node, ast.alias) and node.name in {"time", "datetime"}:
                    assert node.asname is None, path


@pytest.mark.parametrize(
    "source", ["import time\ndef f():\n    return time.time()", "def f(): return datetime.datetime.now(UTC)"]
)
def test_a_use_is_seen(source):
    assert wall_clock_uses(ast.parse(source)) == ["f"]


def test_other_clocks_are_none():
    assert not wall_clock_uses(ast.parse("def f(loop): return loop.time() - time.monotonic()"))
