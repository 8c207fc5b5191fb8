"""A process of its own for what strangers' files are read by: there a file cannot exhaust this one."""

import os
import resource
import subprocess
import sys
from pathlib import Path


def run_apart(
    main: str, *arguments: str, given: bytes = b"", within_s: float | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Call a function in a process of its own, and return how that ended; ``main`` is ``module:function``.

    Costs a third of a second. The function finds the arguments in ``sys.argv``, ``given`` on standard
    input. Raises ``subprocess.TimeoutExpired`` beyond so many seconds.
    """
    module, _, function = main.partition(":")
    # The child finds the modules where this process did; -P keeps a stray module here from being one.
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
    """Cap this process's address space at what it is now and ``more_bytes``."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    ceiling = pages * resource.getpagesize() + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))


def limit_processor(seconds: int) -> None:
    """Have this process killed, with SIGXCPU, once it has computed for so long: waiting does not count."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
