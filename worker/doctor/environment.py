"""The machine: Python, the system, the container's limits, RunPod's variables."""

import os
import platform
import sys
from collections.abc import Iterator

from worker.doctor.finding import GIGABYTE, Finding, Subject, ok
from worker.engine.machine import core_limit, memory_limit


def check_python(_: Subject) -> Iterator[Finding]:
    """Report the versions of Python and the system."""
    yield ok("Python", f"{platform.python_version()} at {sys.executable}")
    yield ok("system", f"{platform.platform()}, {os.cpu_count()} cores")


def check_limits(_: Subject) -> Iterator[Finding]:
    """Report the container's memory and CPU limits."""
    memory, cores = memory_limit(), core_limit()
    yield ok("memory limit", f"{memory / GIGABYTE:.1f} GB" if memory else "only the machine's")
    yield ok("CPU limit", f"{cores:g} cores" if cores else "only the machine's")


def check_runpod(subject: Subject) -> Iterator[Finding]:
    """List the names of RunPod's variables; their values may be secret."""
    names = sorted(name for name in subject.environ if name.startswith("RUNPOD_"))
    yield ok("RunPod variables", ", ".join(names) or "none: this is not a RunPod worker")
