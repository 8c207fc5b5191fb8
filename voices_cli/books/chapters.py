"""Divides the blocks of pages into chapters, by the table of contents, else by the highest headings."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from voices_cli.books.headings import LONGEST_HEADING, folded, is_contents_heading, is_label, join_heading
from voices_cli.books.page import Block

_FEWEST_LINKS = 3
"""Consecutive blocks of links that make a list of contents."""
_MOST_LINKED_CHARACTERS = 200
_MOST_TITLE_BLOCKS = 4
_LONGEST_MOTTO = 5
"""Blocks between a chapter's anchor and its heading."""
_LOWEST_CHAPTER = 3
"""Lower headings begin a chapter only as the first block of a page."""


@dataclass
class ChapterList:
    """The chapters so far; text before the first heading is a chapter without a title."""

    book_title: str = ""
    chapters: list[tuple[str | None, list[str]]] = field(default_factory=lambda: [(None, [])])

    def add_page(
        self, blocks: Sequence[Block], entries: Sequence[tuple[str, str]] = (), *, is_alone: bool = False
    ) -> None:
        """Add a page with its entries in the table of contents: fragments (empty for the page) and titles.

        A page without a title continues the last chapter. A page that is the whole book (``is_alone``) may
        have the book's title above the chapters' headings.
        """
        blocks = without_contents(blocks)
        named = _named_starts(blocks, entries)
        rank = _page_rank(blocks, self.book_title, is_alone=is_alone)
        blocks = _heading_first(blocks, named, rank)
        starts = _starts(blocks, named, rank)
        bounds = sorted({0, *starts, len(blocks)})
        for begin, end in pairwise(bounds):
            said = 0
            if begin in starts:
                title, said = _title(blocks[begin:end], named.get(begin))
                self.chapters.append((title, []))
            self.chapters[-1][1].extend(block.text for block in blocks[begin + said : end])


def without_contents(blocks: Sequence[Block]) -> list[Block]:
    """Remove lists of contents, which are runs of links, with their headings."""
    kept: list[Block] = []
    run: list[Block] = []
    for block in [*blocks, Block("")]:
        if _is_link(block):
            run.append(block)
            continue
        if len(run) < _FEWEST_LINKS:
            kept += run
        elif kept and is_contents_heading(kept[-1].text):
            kept.pop()
        run = []
        kept.append(block)
    return kept[:-1]


def chapter_rank(ranks: Sequence[int]) -> int:
    """Return the highest heading rank that occurs twice, else the highest rank; 0 without headings."""
    found = [rank for rank in ranks if rank]
    return next((rank for rank in range(1, 7) if found.count(rank) > 1), min(found, default=0))


def _is_link(block: Block) -> bool:
    spoken = sum(map(str.isalnum, block.text))
    return 0 < spoken <= _MOST_LINKED_CHARACTERS and block.linked * 2 > spoken


def _is_heading(block: Block) -> bool:
    return block.rank > 0 or (block.is_title and len(block.text) <= LONGEST_HEADING)


def _named_starts(blocks: Sequence[Block], entries: Sequence[tuple[str, str]]) -> dict[int, str]:
    """Return the block index and title of each entry of the table of contents."""
    places: dict[str, int] = {}
    for number, block in enumerate(blocks):
        for each in block.opens:
            places.setdefault(each, number)
    starts: dict[int, str] = {}
    for fragment, title in entries:
        place = places.get(fragment)
        if place is None and (not fragment or len(entries) == 1):
            place = 0  # the entry is for the whole page
        if place is None or not blocks:
            continue
        while place and _is_heading(blocks[place - 1]) and not _is_heading(blocks[place]):
            place -= 1  # the anchor is after its heading
        if place not in starts:
            starts[place] = title
        elif len(starts[place]) <= LONGEST_HEADING and folded(title) != folded(starts[place]):
            starts[place] = join_heading(starts[place], title)
    return starts


def _starts(blocks: Sequence[Block], named: dict[int, str], rank: int) -> set[int]:
    """Return the indexes of the blocks at which chapters begin, given the rank of their headings."""
    if len(named) > 1:
        return set(named)
    headings = [number for number, block in enumerate(blocks) if rank and block.rank == rank]
    ranked = set(headings)
    starts = {each for each in headings if each - 1 not in ranked or not is_label(blocks[each - 1].text)}
    if not starts and not named and blocks and _is_heading(blocks[0]):
        starts = {0}
    return starts | set(named)


def _page_rank(blocks: Sequence[Block], book_title: str, *, is_alone: bool) -> int:
    """Return the rank of the chapters' headings, ignoring the book's own title."""
    title = folded(book_title)
    ranks = [
        block.rank if block.rank <= _LOWEST_CHAPTER or number == 0 else 0
        for number, block in enumerate(blocks)
        if folded(block.text) != title
    ]
    if not any(ranks):
        ranks = [block.rank for block in blocks if block.rank <= _LOWEST_CHAPTER]
    return chapter_rank(ranks) if is_alone else min(filter(None, ranks), default=0)


def _heading_first(blocks: Sequence[Block], named: dict[int, str], rank: int) -> list[Block]:
    """Move a page's only heading before the motto or caption that precedes it."""
    headings = [number for number, block in enumerate(blocks) if rank and block.rank == rank]
    if len(named) != 1 or not headings:
        return list(blocks)
    place, heading = next(iter(named)), headings[0]
    if len(headings) > 1 or not place < heading <= place + _LONGEST_MOTTO:
        return list(blocks)
    _, length = _title(blocks[heading:], None)
    title = blocks[heading : heading + length]
    return [*blocks[:place], *title, *blocks[place:heading], *blocks[heading + length :]]


def _title(blocks: Sequence[Block], named: str | None) -> tuple[str, int]:
    """Return the title of the chapter in ``blocks``, and the number of blocks that it takes."""
    parts: list[str] = []
    for block in blocks[:_MOST_TITLE_BLOCKS]:
        if not _is_heading(block) or (parts and (not is_label(parts[-1]) or is_label(block.text))):
            break
        parts.append(block.text)
    own = join_heading(parts[0], " ".join(parts[1:])) if len(parts) > 1 else "".join(parts)
    count, said = len(parts), folded(own)
    if named is None or not folded(named).startswith(said):
        return own, count
    # The table of contents may have a longer title, whose rest is in the next paragraphs.
    for block in blocks[count:_MOST_TITLE_BLOCKS]:
        more = folded(block.text)
        if not more or not (folded(named).startswith(said + more) or (not said and _ends_title(named, more))):
            break
        said += more
        count += 1
    return (own if folded(own) == folded(named) else named), count


def _ends_title(named: str, more: str) -> bool:
    """Whether ``more`` is the title ``named`` without its label, as in ``1. The Gate``."""
    whole = folded(named)
    return whole.endswith(more) and len(more) * 2 > len(whole)
