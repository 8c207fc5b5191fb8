"""Markdown: chapters begin at headings; other markup is left to the worker, which does not speak it."""

import re

from voices_cli.books.book import Book, make_book

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_FIELD = re.compile(r"^(title|author):\s*[\"']?(.*?)[\"']?\s*$", re.MULTILINE)


def read_markdown(text: str, name: str) -> Book:
    """Read a text; its title is the front matter's, a lone heading of the first rank, or else ``name``.

    Chapters begin at headings of the highest rank that there are several of. Code is left out.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    fields: dict[str, str] = {}
    if front := _FRONT_MATTER.match(text):
        fields = dict(_FIELD.findall(front[1]))
        text = text[front.end() :]
    blocks = list(_blocks(text))
    ranks = [rank for rank, _ in blocks if rank]
    rank = next((each for each in range(1, 7) if ranks.count(each) > 1), min(ranks, default=1))
    title = fields.get("title")
    chapters: list[tuple[str | None, list[str]]] = [(None, [])]
    for each, block in blocks:
        if each == 0 or each > rank:
            chapters[-1][1].append(block)
        elif each < rank and title is None and len(chapters) == 1 and not chapters[0][1]:
            title = block  # the book's own heading, above those of its chapters
        else:
            chapters.append((block, []))
    return make_book(title or name, fields.get("author"), chapters)


def _blocks(text: str) -> list[tuple[int, str]]:
    """Return headings with their rank, and paragraphs with 0."""
    blocks: list[tuple[int, str]] = []
    paragraph: list[str] = []
    fence: str | None = None

    def end_paragraph() -> None:
        if paragraph:
            blocks.append((0, "\n".join(paragraph)))
            paragraph.clear()

    for line in text.split("\n"):
        if marker := _FENCE.match(line):
            end_paragraph()
            fence = None if fence == marker[1] else fence or marker[1]
        elif fence is not None:
            continue
        elif heading := _HEADING.fullmatch(line):
            end_paragraph()
            blocks.append((len(heading[1]), heading[2]))
        elif line.strip():
            paragraph.append(line)
        else:
            end_paragraph()
    end_paragraph()
    return blocks
