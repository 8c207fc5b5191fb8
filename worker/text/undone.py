"""Text rules that failed: the text stays as it was written, and the failure is counted and logged by name."""

import logging
from collections import Counter
from threading import Lock

_LOG = logging.getLogger(__name__)
_lock = Lock()
_counts: Counter[str] = Counter()


def note_undone(rule: str, reason: str) -> None:
    """Count a failure of the rule so named; the first one in this process is logged too, without any text."""
    with _lock:
        _counts[rule] += 1
        is_first = _counts[rule] == 1
    if is_first:
        _LOG.warning(
            "A text rule failed: what it matched is spoken as written. Please report the rule's name.",
            extra={"fields": {"rule": rule, "reason": reason}},
        )


def undone_rules() -> dict[str, int]:
    """Return how often each rule has failed since the process began; rules that never did are left out."""
    with _lock:
        return dict(_counts)
