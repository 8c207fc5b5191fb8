"""Failures of text rules: the text stays as written, and the failure is counted and logged by rule name."""

import logging
from collections import Counter
from threading import Lock

_LOG = logging.getLogger(__name__)
_lock = Lock()
_counts: Counter[str] = Counter()


def note_undone(rule: str, reason: str) -> None:
    """Count a failure of the named rule; log the first one in this process too, without any text."""
    with _lock:
        _counts[rule] += 1
        is_first = _counts[rule] == 1
    if is_first:
        _LOG.warning(
            "A text rule failed: its match is spoken as written. Please report the rule's name.",
            extra={"fields": {"rule": rule, "reason": reason}},
        )


def undone_rules() -> dict[str, int]:
    """Return how often each rule has failed in this process; rules without a failure are left out."""
    with _lock:
        return dict(_counts)
