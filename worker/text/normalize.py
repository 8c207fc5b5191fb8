"""Text as people and language models write it becomes text that an engine can take."""

import re
import unicodedata

_UNSPEAKABLE = {"Cc", "Cf", "Cn", "Co", "Cs"}
_JOINERS = {"\u200c", "\u200d"}
"""Zero-width, but they shape words in several scripts."""
_BLANKS = re.compile(r"\s+")


def normalize_text(text: str) -> str:
    """Return ``text`` composed (NFC), on one line, without control characters.

    No word is lost: what is taken out is replaced by a space.
    """
    composed = unicodedata.normalize("NFC", text)
    cleaned = "".join(
        " " if unicodedata.category(character) in _UNSPEAKABLE and character not in _JOINERS else character
        for character in composed
    )
    return _BLANKS.sub(" ", cleaned).strip()


def is_speakable(text: str) -> bool:
    """Whether there is anything to say: a letter or a digit of any script."""
    return any(character.isalnum() for character in text)
