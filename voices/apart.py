"""Subprocesses for untrusted input: a hostile file can exhaust the child, not this process."""

import os
import resource
import subprocess
import sys
from pathlib import Path


def run_apart(
    main: str, *arguments: str, given: bytes = b"", within_s: float | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Call ``main``, given as ``module:function``, in a subprocess and return the finished process.

    The function reads its arguments from ``sys.argv`` and ``given`` from standard input. Starting the
    process takes a third of a second. Raises ``subprocess.TimeoutExpired`` after ``within_s`` seconds.
    """
    module, _, function = main.partition(":")
    # The child imports from this process's path; -P keeps stray modules in the working directory out.
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(each or str(Path.cwd()) for each in sys.path),
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = f"from {module} import {function}; {function}()"
    return subprocess.run(  # noqa: S603 - our own interpreter, and no shell
        [sys.executable, "-P", "-c", command, *arguments],
        input=given,
        capture_output=True,
        timeout=within_s,
        env=environment,
        check=False,
    )


def limit_memory(more_bytes: int) -> None:
    """Cap this process's address space at its present size plus ``more_bytes``."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    ceiling = pages * resource.getpagesize() + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))


def limit_processor(seconds: int) -> None:
    """Kill this process with SIGXCPU once it has used ``seconds`` of CPU time; waiting does not count."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
