"""Tables in Markdown: each row becomes a sentence, with its cells separated by commas."""

import re
from collections.abc import Iterator

from worker.text.draft import Draft, Edit

_RULER = re.compile(
    r"^[ \t]*+(?=[|:-])(?=[^\n|]*+\|)\|?[ \t]*+:?-++:?[ \t]*+"
    r"(?:\|[ \t]*+:?-++:?[ \t]*+)*+\|?[ \t]*+(?:\r?\n|\Z)",
    re.MULTILINE,
)
"""The line below a table's head, which defines the alignment of the columns."""
_EDGE = re.compile(r"(?:(?<![ \t])[ \t]++)?+(?<!\\)\|[ \t]*+")


def spoken_tables(draft: Draft) -> Draft:
    """Return the draft with the cells of each row as a list, and without the ruler lines."""
    if "|" not in draft.text:
        return draft
    return draft.edited(_edits(draft.text))


def _edits(text: str) -> Iterator[Edit]:
    done = 0
    for ruler in _RULER.finditer(text):
        if ruler.start() < done:
            continue
        head = text.rfind("\n", done, max(ruler.start() - 1, 0)) + 1 or done
        if head < ruler.start() and "|" in text[head : ruler.start()]:
            yield from _row(text, head, ruler.start())
        yield Edit(ruler.start(), ruler.end(), "")
        done = ruler.end()
        while done < len(text):
            end = text.find("\n", done) + 1 or len(text)
            if "|" not in text[done:end]:
                break
            yield from _row(text, done, end)
            done = end


def _row(text: str, start: int, end: int) -> Iterator[Edit]:
    """Put a bar before the row, which starts a sentence there, and commas between its cells."""
    line_end = start + len(text[start:end].rstrip())
    has_cell = False
    edges = list(_EDGE.finditer(text, start, line_end))
    if not edges or edges[0].start() > start:
        yield Edit(start, start, "| ")
        has_cell = bool(edges) and bool(text[start : edges[0].start()].strip())
    for number, edge in enumerate(edges):
        following = edges[number + 1].start() if number + 1 < len(edges) else line_end
        is_empty = not text[edge.end() : following].strip()
        if edge.start() == start:
            yield Edit(edge.start(), edge.end(), "| ")
        else:
            yield Edit(edge.start(), edge.end(), ", " if has_cell and not is_empty else "")
        has_cell = has_cell or not is_empty
