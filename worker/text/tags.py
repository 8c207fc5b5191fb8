"""Turbo's paralinguistic tags: single tokens to the model, to be kept whole everywhere else."""

import re

TAG = re.compile(r"\[[a-z]{2,30}(?: [a-z]{2,30})?\](?!\()")
"""Any tag, known or not: one that is cut in two would be read out as words. Before a bracket it is a link."""


def without_tags(text: str) -> str:
    """Return the words alone, for an engine that cannot laugh."""
    return " ".join(TAG.sub(" ", text).split())
