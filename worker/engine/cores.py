"""Which thread computes on all cores: the model's alone.

OpenMP gives each thread that computes helpers of its own. Once there are more of those than cores, it
lets all of them sleep between two operations, and waking them costs a decode step up to three times
what it computes (measured on two cores). So everybody else computes on one core.
"""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

import torch

_ALL = torch.get_num_threads()
_MOST_THREADS = 8
"""More would wait for the memory."""


def leave_the_cores_to_the_model() -> None:
    """Let this thread, and those begun from now on, compute on one core.

    To be called before anything is computed: helpers that have been made are not taken back.
    """
    torch.set_num_threads(1)


def take_all_cores() -> None:
    """Let this thread compute on all of them, and those begun from now on: the model's begins none."""
    # A thread that has computed nothing yet would take on, when it does, what any thread set last.
    torch.get_num_threads()
    torch.set_num_threads(_ALL)


@contextmanager
def threads_of_one_core() -> Iterator[Executor]:
    """Within it there are threads for independent work, a core each: none waits for another."""
    before = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(min(_ALL, _MOST_THREADS), "load", leave_the_cores_to_the_model) as threads:
            yield threads
    finally:
        torch.set_num_threads(before)
