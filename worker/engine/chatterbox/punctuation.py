"""A text's punctuation as the model was trained on it: upstream's ``punc_norm``, without its imports."""

_REPLACED = {
    "…": ", ",
    ":": ",",
    "—": "-",
    "–": "-",  # noqa: RUF001 - an en dash
    " ,": ",",
    "“": '"',
    "”": '"',
    "‘": "'",  # noqa: RUF001 - a single quotation mark
    "’": "'",  # noqa: RUF001 - likewise
}
"""In this order: one replacement may make place for another."""

_ENDINGS = (".", "!", "?", "-", ",")


def punc_norm(text: str) -> str:
    """Return a text with a capital at its beginning, single spaces, plain marks, and one at its end."""
    if text[:1].islower():
        text = text[0].upper() + text[1:]
    text = " ".join(text.split())
    for mark, plain in _REPLACED.items():
        text = text.replace(mark, plain)
    text = text.rstrip(" ")
    return text if text.endswith(_ENDINGS) else text + "."
