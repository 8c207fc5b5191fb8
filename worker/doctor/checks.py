"""All checks, in order; a new check is one function in this list."""

import os
from collections.abc import Callable, Iterator

from worker.doctor.checkpoint import check_checkpoint
from worker.doctor.configuration import check_settings, read_settings
from worker.doctor.environment import check_limits, check_python, check_runpod
from worker.doctor.finding import Finding, Subject, fault
from worker.doctor.gpu import check_driver, check_torch
from worker.doctor.ports import check_ports
from worker.doctor.self_test import check_speech
from worker.doctor.storage import check_disks, check_results
from worker.doctor.voices import check_aliases, check_voices

Check = Callable[[Subject], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    check_python,
    check_limits,
    check_runpod,
    check_settings,
    check_driver,
    check_torch,
    check_checkpoint,
    check_voices,
    check_aliases,
    check_disks,
    check_results,
    check_ports,
)


def examine(*, with_self_test: bool) -> Iterator[Finding]:
    """Yield the checks' findings as they come."""
    subject, wrong = read_settings(os.environ)
    yield from wrong
    for check in (*CHECKS, *([check_speech] if with_self_test and not wrong else [])):
        yield from _findings(check, subject)


def _findings(check: Check, subject: Subject) -> Iterator[Finding]:
    """Run one check; if it raises, report that, so that the other checks still run."""
    try:
        yield from check(subject)
    except Exception as error:  # noqa: BLE001  # any failure is a finding
        name = check.__name__.removeprefix("check_")
        yield fault(name, f"the check failed ({type(error).__name__}: {error})", "Please report this.")
