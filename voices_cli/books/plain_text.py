"""Plain text: paragraphs between blank lines, and headings recognised by their form."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voices_cli.books import headings
from voices_cli.books.book import Book, clean_line, make_book
from voices_cli.books.gutenberg import book_lines, without_credits, without_insets
from voices_cli.books.paragraphs import one_line, text_blocks, usual_width, without_page_numbers, words_of

_LONGEST_TITLE = 80
_MOST_TITLE_LINES = 2
_TITLE = re.compile(r"^Title:\s*(\S.*)$", re.MULTILINE)
_AUTHOR = re.compile(r"^Author:\s*(\S.*)$", re.MULTILINE)
_HEAD_CHARACTERS = 4_000
_NO_TITLE_END = ".,;:!?…\"'”’—-"
_ENTRY_END = re.compile(
    r"(?<![\s.·…_])(?:[\s.·…_]++(?<=\s)(?:\d{1,4}|[ivxlc]{1,7})\s*+|\s*+(?:[.·…_]\s*+){2,}+)$"
)
_SHORT_WORD = 4
_FEWEST_ENTRIES = 3
_FEWEST_CAPITALS = 4


@dataclass
class _Part:
    """A block, with its heading if it begins with one."""

    text: str
    heading: str | None = None
    is_label: bool = False
    """Whether the heading has a label; if any heading has one, only those begin chapters."""


def read_plain_text(text: str, name: str) -> Book:
    """Read a text; ``name`` is its title unless it has a ``Title:`` line, as Project Gutenberg's do."""
    text = re.sub(r"\r\n?|[\u0085\u2028]", "\n", text).replace("\f", "\n\n").replace("\u2029", "\n\n")
    head = text[:_HEAD_CHARACTERS]
    title, author = _TITLE.search(head), _AUTHOR.search(head)
    body = without_insets("\n".join(book_lines(text.split("\n"))))
    blocks = without_page_numbers(without_credits(text_blocks(body.split("\n"))))
    words, width = words_of(body), usual_width(blocks)
    chapters: list[tuple[str | None, list[str]]] = [(None, [])]
    for part in _without_contents(_titled(_parts(_contents_apart(blocks)))):
        if part.heading is not None:
            chapters.append((part.heading, []))
        if part.text:
            chapters[-1][1].append(one_line(part.text, words, width))
    return make_book(title[1] if title else name, author[1] if author else None, chapters)


def _contents_apart(blocks: Sequence[str]) -> list[str]:
    """Separate the heading of a list of contents from a list that follows without a blank line."""
    apart = []
    for block in blocks:
        first, _, rest = block.strip().partition("\n")
        apart += [first, rest] if rest and headings.is_contents_heading(first) else [block]
    return apart


def _parts(blocks: Sequence[str]) -> list[_Part]:
    """Separate each block from the heading that it begins with."""
    labels = [headings.find_label(block.strip().partition("\n")[0]) for block in blocks]
    # If chapters have named labels, a lone number counts their sections or pages.
    has_names = sum(label is not None and not label.holds_chapters for label in labels) > 1
    numbers = set() if has_names else _chapter_numbers(blocks)
    parts = [_labelled(block, is_number=at in numbers) for at, block in enumerate(blocks)]
    if not any(part.is_label for part in parts):
        for part in parts:
            if _is_in_capitals(part.text):
                part.heading, part.text = clean_line(part.text), ""
    return parts


def _labelled(block: str, *, is_number: bool) -> _Part:
    first, _, rest = block.strip().partition("\n")
    first = first.strip()
    if is_number or headings.is_named_part(first) or headings.is_contents_heading(first):
        return _Part(rest, headings.undecorated(first), is_label=not headings.is_contents_heading(first))
    if not (label := headings.find_label(first)):
        return _Part(block)
    if not label.title and rest and _is_title(rest):
        return _Part("", headings.join_heading(headings.undecorated(first), clean_line(rest)), is_label=True)
    if label.title and rest and not _is_title(rest):
        return _Part(block)  # a sentence that begins like a label
    whole = headings.undecorated(clean_line(f"{first} {rest}" if label.title else first))
    return _Part("" if label.title else rest, whole, is_label=True)


def _chapter_numbers(blocks: Sequence[str]) -> set[int]:
    """Return the indexes of lone numbers that count chapters, from 1 up or from 1 in each part."""
    found: list[int] = []
    last = 0
    for at, block in enumerate(blocks):
        first, _, rest = block.strip().partition("\n")
        number = headings.lone_number(first)
        numbered = headings.numbered_title(first) if number is None and not rest else None
        if numbered and _is_title(numbered[1]):
            number = numbered[0]
        if number is not None and len(re.findall("[IVXLC]", first)) > 1 and not rest and numbered is None:
            found.append(at)  # a Roman numeral of several letters is unambiguous
            last = number
            continue
        if number is None or number not in {1, last + 1} or (rest and not _is_title(rest) and numbered):
            continue
        found.append(at)
        last = number
    # A single number is a chapter's only if the book begins with it.
    is_one = len(found) == 1 and len(headings.undecorated(blocks[found[0]]).rstrip(".")) == 1
    return set() if is_one and found != [0] else set(found)


def _titled(parts: Sequence[_Part]) -> list[_Part]:
    """Give a label without a title the short line after it as its title."""
    titled: list[_Part] = []
    for part in parts:
        last = titled[-1] if titled else None
        if (
            last is not None
            and last.heading is not None
            and not last.text
            and part.heading is None
            and headings.is_label(last.heading)
            and _is_title(part.text, is_dotted=last.heading.endswith("."))
        ):
            last.heading = headings.join_heading(last.heading, clean_line(part.text))
        else:
            titled.append(part)
    return titled


def _without_contents(parts: Sequence[_Part]) -> list[_Part]:
    """Remove lists of contents, with and without a heading."""
    kept: list[_Part] = []
    last = _last_places(_keys(parts))
    at, is_rest_entries = 0, False
    while at < len(parts):
        heading = parts[at].heading
        if heading is not None and headings.is_contents_heading(heading):
            end = None if is_rest_entries else _end_of_contents(parts, at, last)
            is_rest_entries = end is None
            at = end or at + 1  # nothing follows: not a list of contents, or only that
            continue
        kept.append(parts[at])
        at += 1
    return _without_repeated(kept)


def _without_repeated(parts: Sequence[_Part]) -> list[_Part]:
    """Remove lists of contents without a heading: runs of headings without text that occur again."""
    keys = _keys(parts)
    last = _last_places(keys)
    kept: list[_Part] = []
    run: list[int] = []
    for at, part in enumerate(parts):
        if keys[at] and not part.text and last[keys[at]] > at:
            run.append(at)
            continue
        if len(run) < _FEWEST_ENTRIES:
            kept += [parts[each] for each in run]
        elif not part.text and keys[at] and at + 1 < len(parts) and keys[at + 1] == keys[run[0]]:
            continue  # the list's last entry, before the first chapter
        run = []
        kept.append(part)
    return kept


def _keys(parts: Sequence[_Part]) -> list[str]:
    return [_key(part.heading) if part.heading is not None else "" for part in parts]


def _last_places(keys: Sequence[str]) -> dict[str, int]:
    return {key: at for at, key in enumerate(keys)}


def _key(heading: str) -> str:
    """Return the beginning of a heading's entry in a list of contents: its label without the title."""
    label = headings.find_label(heading)
    return headings.folded(label.text if label else heading)


def _end_of_contents(parts: Sequence[_Part], at: int, last: Mapping[str, int]) -> int | None:
    """Return the index at which the text begins after a list of contents; None if only entries follow.

    ``last`` is the last index of each heading, by ``_key``.
    """
    first = ""
    for number in range(at + 1, len(parts)):
        part = parts[number]
        lines = [
            *([part.heading] if part.heading else []),
            *filter(None, part.text.split("\n")),
        ]
        entries = [
            headings.folded(line if headings.is_label(line) else _ENTRY_END.sub("", line))
            for line in lines
            if len(line) <= headings.LONGEST_HEADING  # a longer line is not an entry
        ]
        if first and entries and _is_same_entry(first, entries[0]):
            return number
        if any(not _is_entry(line) for line in lines):
            return number - _has_heading_before(parts, at, number, last)
        first = first or next(iter(entries), "")
    return None


def _has_heading_before(parts: Sequence[_Part], at: int, number: int, last: Mapping[str, int]) -> bool:
    """Whether the part before ``number`` is the text's heading, worded otherwise in the contents."""
    before = parts[number - 1]
    if number - 1 <= at + 1 or not before.is_label or before.text or parts[number].heading is not None:
        return False
    return last.get(_key(before.heading or ""), at) < number


def _is_same_entry(entry: str, again: str) -> bool:
    return bool(entry and again) and (entry.startswith(again) or again.startswith(entry))


def _is_entry(line: str) -> bool:
    line = line.strip()
    return len(line) <= _LONGEST_TITLE and (_ENTRY_END.search(line) is not None or line[-1:] not in '.,;!?"”')


def _is_title(text: str, *, is_dotted: bool = False) -> bool:
    """Whether a text may be a title: short and not a sentence; a full stop needs one after the label too."""
    lines = text.strip().split("\n")
    line = clean_line(text)
    if len(lines) > _MOST_TITLE_LINES or len(line) > _LONGEST_TITLE or line[:1].islower() or not line:
        return False
    if not any(map(str.isalpha, line)) or headings.is_label(line):
        return False
    if line[0] in '“"‘' and line[-1] in '”"’':
        return line[-2:-1] not in ".,;:!?…—-"
    if line[-1] not in _NO_TITLE_END:
        return line[0] not in '“"‘'
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", line)
    is_named = all(word[0].isupper() for word in words if len(word) >= _SHORT_WORD) and words[-1][0].isupper()
    return line.isupper() or (is_dotted and is_named and line[-1] in ".!?")


def _is_in_capitals(block: str) -> bool:
    """Whether a block is one line in capitals, like a heading without a label."""
    line = block.strip()
    letters = sum(map(str.isalpha, line))
    is_short = "\n" not in line and len(line) <= _LONGEST_TITLE
    is_said = line[-1:] in tuple(".,;:!?\"'”’") or line[:1] in tuple('“"‘')
    return is_short and letters >= _FEWEST_CAPITALS and line.isupper() and not is_said
