"""Surrogate pairs: JavaScript, and anything that counts in UTF-16, may cut an emoji in two."""

from __future__ import annotations

import re

_HALF = re.compile("[\ud800-\udfff]")
_FIRST_HALF = re.compile("[\ud800-\udbff]\\Z")


def whole_characters(text: str) -> str:
    """Join the halves of surrogate pairs; a lone half, which UTF-8 cannot encode, becomes a space."""
    if text.isascii():
        return text
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return _HALF.sub(" ", joined)


class Halves:
    """Joins surrogate halves across the pieces of a text."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, piece: str) -> str:
        """Take a piece and return it with whole characters; a half at its end is held back."""
        text, self._half = self._half + piece, ""
        if half := _FIRST_HALF.search(text):
            text, self._half = text[: half.start()], half.group()
        return whole_characters(text)

    def end(self) -> str:
        """Return the held-back rest when no more text comes."""
        half, self._half = self._half, ""
        return whole_characters(half)
