"""Texts in the style of language models, and ways to cut them into pieces."""

import re

from hypothesis import strategies as st

FRAGMENTS = (
    *(
        "Hello there. ",
        "It is three o'clock. ",
        "Dr. Smith paid $3.14 for it. ",
        "And then",
        " he left",
        "! ",
    ),
    *("Ring\u0007 the bell. ", "A nul\0byte here. ", "It\u0092s \u0093so\u0094. ", "Back\bspace\x7f. "),
    *(
        "A \x1b[31mred\x1b[0m word. ",
        "\x1b[1;32mGreen\x1b[m. ",
        "Smile \U0001f600 now. ",
        "\U0001f600",
        "\U0001d41b. ",
    ),
    *("<think>Well. He wants this. So.</think>", "<thinking>\n\nHm.\n</thinking>\n", "a < b. "),
    *(
        "--- ",
        "... ",
        "\n\n",
        "\n- an item\n",
        "**Bold.** ",
        "# A heading\n",
        "日本語です。",
        "¿Qué? ",
        "e\u0301t\u0301e. ",
    ),
)
TEXTS = st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=10).map(
    lambda parts: f"Well. {''.join(parts)}"
)
_THOUGHT = re.compile(r"<(think|thinking)>.*?</\1>", re.DOTALL)


def without_thoughts(text: str) -> str:
    """Return what is to be spoken, with every character in its place."""
    return _THOUGHT.sub(lambda match: " " * len(match.group()), text)


@st.composite
def cut(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Return a text and its pieces, cut anywhere, as JavaScript does: within a surrogate pair too."""
    text = draw(TEXTS)
    units = text.encode("utf-16-le")
    places = sorted({2 * place for place in draw(st.lists(st.integers(0, len(units) // 2), max_size=12))})
    pieces = [units[begin:end] for begin, end in zip([0, *places], [*places, len(units)], strict=True)]
    return text, [piece.decode("utf-16-le", "surrogatepass") for piece in pieces]


def words(text: str) -> list[str]:
    """Return the letters and digits of a text, word by word."""
    return re.findall(r"\w+", text)
