"""A web page's headings and paragraphs as blocks, without the parts that are not read aloud."""

import re
from dataclasses import dataclass

from typing_extensions import override

from voices_cli.books import kinds
from voices_cli.books.forgiving import ForgivingParser
from voices_cli.books.page_text import BlockText
from voices_cli.books.scripts import is_note_mark, leads_back, lowered, raised

SCENE_BREAK = "* * *"

_DEEPEST = 200
"""Nesting depth; elements below it are ignored and only their text is read."""
_MOST_IDS = 200
"""Ids recorded before a block's text, by which notes are found; each paragraph of the block gets all."""
_ALT_LETTER = re.compile(
    r"(?:(?:drop|cap|capital|initial|letter|ornamental|decorated|illuminated)[\s:,-]+)*"
    r"(?P<letter>[\"'“‘«]?[^\W\d_])\.?",
    re.IGNORECASE,
)
_LONGEST_ALT = 12


@dataclass(frozen=True)
class Block:
    """A heading or a paragraph."""

    text: str
    rank: int = 0
    """Heading rank, 1 to 6; 0 for a paragraph."""
    is_title: bool = False
    """Whether the block is a paragraph styled as a heading."""
    opens: frozenset[str] = frozenset()
    """Ids of elements that begin with the block, or between the previous block and it."""
    within: frozenset[str] = frozenset()
    """Ids of the elements around the block, and of those before its text."""
    linked: int = 0
    """Letters and digits that are inside links."""
    notes: tuple[str, ...] = ()
    """Targets of the note marks removed from the block, or from earlier paragraphs of its element."""


@dataclass
class _Open:
    """An open element."""

    tag: str
    attributes: dict[str, str]
    start: int
    """Number of text parts before the element."""
    is_skipped: bool
    is_raised: bool
    is_lowered: bool
    is_title: bool
    holds_raised: bool = False


def page_blocks(page: str) -> list[Block]:
    """Return the blocks of a page in order; a scene break is a block without letters."""
    return _Page(page).blocks


class _Page(ForgivingParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.blocks: list[Block] = []
        self._open: list[_Open] = []
        self._text = BlockText()
        self._opens: set[str] = set()
        self._in_front: set[str] = set()
        self._notes: list[str] = []
        self._linked = 0
        self.read(page)
        self._end_block()
        if self._text.waiting:
            self.blocks.append(Block(self._text.waiting))

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        tag, attributes = tag.rpartition(":")[2], {name: value or "" for name, value in attrs}
        self._close_implied(tag)
        was_skipped = bool(self._open) and self._open[-1].is_skipped
        is_skipped = was_skipped or self._is_code(tag) or kinds.is_skipped(tag, attributes)
        if not is_skipped and tag in kinds.BLOCKS:
            self._part_block(tag)
        ids = {attributes.get("id", ""), attributes.get("name", "") if tag == "a" else ""} - {""}
        self._opens |= ids
        if self._text.is_blank and len(self._in_front) < _MOST_IDS:
            self._in_front |= ids
        if not is_skipped:
            self._begin(tag, attributes)
        elif tag == "math" and not was_skipped:
            self._add_formula(attributes.get("alttext", ""))
        if tag not in kinds.VOID and len(self._open) < _DEEPEST:
            self._open.append(
                _Open(
                    tag,
                    attributes,
                    len(self._text),
                    is_skipped,
                    kinds.is_raised(tag, attributes),
                    kinds.is_lowered(tag, attributes),
                    (bool(self._open) and self._open[-1].is_title) or kinds.is_title(tag, attributes),
                )
            )

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        depth = len(self._open)
        self.handle_starttag(tag, attrs)
        if len(self._open) > depth:
            self._close()

    @override
    def handle_endtag(self, tag: str) -> None:
        tag = tag.rpartition(":")[2]
        if any(each.tag == tag for each in self._open):
            while self._close() != tag:
                pass

    @override
    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1].is_skipped:
            return
        if any(each.tag == "a" and each.attributes.get("href") for each in self._open):
            self._linked += sum(map(str.isalnum, data))
        self._text.add(data, keeps_lines=any(each.tag == "pre" for each in self._open))

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "hr":
            self.blocks.append(Block(SCENE_BREAK))
        elif tag == "br":
            self._text.end_line()
        elif tag == "img":
            self._add_picture(attributes)

    def _close(self) -> str:
        """Close the innermost element and return its tag."""
        closed = self._open[-1]
        if not closed.is_skipped:
            self._end(closed)
        self._open.pop()
        return closed.tag

    def _end(self, closed: _Open) -> None:
        inner = self._text.since(closed.start)
        if closed.tag == "a":
            self._end_link(closed, inner)
        elif closed.is_raised or closed.is_lowered:
            self._text.replace(closed.start, raised(inner) if closed.is_raised else lowered(inner))
            for each in self._open:
                each.holds_raised |= closed.is_raised
        elif closed.tag in {"td", "th"}:
            self._text.end_cell()
        elif closed.tag in kinds.BLOCKS:
            self._part_block(closed.tag)
        elif kinds.is_drop_cap(closed.attributes) and len(inner.strip(" \t\n\"'“‘«")) == 1:
            self._text.replace(closed.start, "")
            self._text.add_first_letter(inner.strip())

    def _end_link(self, link: _Open, inner: str) -> None:
        href = link.attributes.get("href", "")
        is_mark = href != "" and is_note_mark(
            inner,
            href,
            self._text.before(link.start),
            is_raised=link.holds_raised or any(each.is_raised for each in self._open),
            is_called_note=kinds.is_note_class(link.attributes),
        )
        if is_mark:
            self._notes.append(href)
        if is_mark or leads_back(inner):
            self._linked -= sum(map(str.isalnum, inner))
            self._text.replace(link.start, "")

    def _add_formula(self, words: str) -> None:
        """Add a formula's alternative text, which is often TeX."""
        is_tex = re.search(r"[\\^_{}]", words) is not None
        self._text.add(f"${words}$" if is_tex and "$" not in words else words)

    def _add_picture(self, attributes: dict[str, str]) -> None:
        """Add the text of a picture that shows a chapter's first letter or word; skip other pictures."""
        alt = attributes.get("alt", "").strip()
        around = (attributes, *(each.attributes for each in self._open[-3:]))
        if match := _ALT_LETTER.fullmatch(alt):
            self._text.add_first_letter(match["letter"])
        elif any(map(kinds.is_drop_cap, around)) and len(alt) <= _LONGEST_ALT and " " not in alt:
            self._text.add(alt)

    def _is_code(self, tag: str) -> bool:
        return tag == "code" and any(each.tag == "pre" for each in self._open)

    def _close_implied(self, tag: str) -> None:
        """Close elements whose end tag is implied by ``tag``."""
        while self._open and kinds.ends(self._open[-1].tag, tag):
            self._close()

    def _part_block(self, tag: str) -> None:
        """End the block, or within a table row only the paragraph."""
        table = next((each.tag for each in reversed(self._open) if each.tag in {"table", "tr"}), None)
        if table == "tr" and tag not in kinds.HEADINGS | {"table", "tr"}:
            self._text.end_paragraph()
        else:
            self._end_block()

    def _end_block(self) -> None:
        if self._text.is_blank:
            return
        rank = max((kinds.heading_rank(each.tag, each.attributes) for each in self._open), default=0)
        is_title = bool(self._open) and self._open[-1].is_title
        within = frozenset({each.attributes.get("id", "") for each in self._open} | self._in_front) - {""}
        paragraphs = self._text.take(is_heading=rank > 0 or is_title)
        for number, paragraph in enumerate(paragraphs):
            self.blocks.append(
                Block(
                    paragraph,
                    rank,
                    is_title,
                    frozenset(() if number else self._opens),
                    within,
                    self._linked if len(paragraphs) == 1 else 0,
                    tuple(self._notes) if number == len(paragraphs) - 1 else (),
                )
            )
        if paragraphs:
            self._opens, self._in_front = set(), set()
            self._notes, self._linked = [], 0
