"""Turbo's paralinguistic tags: single tokens to the model, to be kept whole everywhere else."""

import re

PARALINGUISTIC_TAGS = (
    "[angry]",
    "[fear]",
    "[surprised]",
    "[whispering]",
    "[advertisement]",
    "[dramatic]",
    "[narration]",
    "[crying]",
    "[happy]",
    "[sarcastic]",
    "[clear throat]",
    "[sigh]",
    "[shush]",
    "[cough]",
    "[groan]",
    "[sniff]",
    "[gasp]",
    "[chuckle]",
    "[laugh]",
)

TAG = re.compile(rf"(?:{'|'.join(map(re.escape, PARALINGUISTIC_TAGS))})(?!\()")
"""One that is cut in two would be read out as words. Other words in brackets are text."""


def without_tags(text: str) -> str:
    """Return the words alone, for an engine that cannot laugh."""
    return " ".join(TAG.sub(" ", text).split())
