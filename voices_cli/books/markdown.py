"""Markdown: rendered to HTML and read as a page, so that the same rules hold for both."""

import re

from markdown_it import MarkdownIt

from voices_cli.books.book import Book, make_book
from voices_cli.books.chapters import ChapterList, chapter_rank
from voices_cli.books.page import Block, page_blocks

_FRONT_MATTER = re.compile(
    r"\A(?P<fence>---|\+\+\+)[ \t]*\n(?P<fields>.*?)\n(?:(?P=fence)|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL
)
_FIELD = re.compile(
    r"^(?P<name>title|authors?)[ \t]*[:=][ \t]*(?P<value>.*(?:\n[ \t]*-[ \t]+.*)*)$",
    re.MULTILINE | re.IGNORECASE,
)
_FOOTNOTE = re.compile(
    r"^ {0,3}\[\^[^\]\n]{1,100}\]:.*"
    r"(?:\n(?:[ \t]+\S.*|(?!\[\^)\S.*)|\n[ \t]*(?=\n(?: {4}|\t)\S))*",  # continued or indented lines
    re.MULTILINE,
)
_FOOTNOTE_MARK = re.compile(r"[ \t]?\^?\[\^[^\]\n]{1,100}\]")
_INLINE_NOTE = re.compile(r"\^\[[^\[\]\n]{0,2000}\]")


def read_markdown(text: str, name: str) -> Book:
    """Read a text; the title is the front matter's, else a single top-level heading, else ``name``.

    Chapters begin at the highest heading rank that occurs twice. Code and notes are left out.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    fields: dict[str, str] = {}
    if front := _FRONT_MATTER.match(text):
        fields = _fields(front["fields"])
        text = text[front.end() :]
    for notes in (_FOOTNOTE, _FOOTNOTE_MARK, _INLINE_NOTE):
        text = notes.sub("", text)
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    title, blocks = _book_title(page_blocks(parser.render(text)), fields.get("title"))
    chapters = ChapterList(title or name)
    chapters.add_page(blocks, is_alone=True)
    return make_book(title or name, fields.get("author"), chapters.chapters)


def _fields(text: str) -> dict[str, str]:
    fields = {}
    for match in _FIELD.finditer(text):
        value = match["value"].strip()
        if match["name"].lower() == "title":
            fields["title"] = value.strip("\"'")
        else:
            between = r"\n[ \t]*-[ \t]+|,[ \t]*" if value[:1] in "[-" or "\n" in value else r"\n"
            parts = re.split(between, value.strip("[]"))
            fields["author"] = ", ".join(filter(None, (each.strip(" \t-\"'") for each in parts)))
    return fields


def _book_title(blocks: list[Block], title: str | None) -> tuple[str | None, list[Block]]:
    """Return the book's title, and the blocks without the top heading if that is the title."""
    rank = chapter_rank([block.rank for block in blocks])
    if blocks and title is None and 0 < blocks[0].rank < rank:
        return blocks[0].text, blocks[1:]
    return title, blocks
