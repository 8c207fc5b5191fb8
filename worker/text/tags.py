"""Turbo's paralinguistic tags: single tokens for the model, kept whole everywhere else."""

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
"""A tag cut in two would be read out as words. Other words in brackets are text."""


def without_tags(text: str) -> str:
    """Return only the words, for an engine that cannot laugh."""
    return " ".join(TAG.sub(" ", text).split())
