"""Removes markup that may span sentences and paragraphs, before the text is split into sentences."""

import html
import re
from collections.abc import Callable, Iterator
from functools import partial
from html.entities import html5

from worker.text.draft import Edit
from worker.text.elements import PAUSE, Elements
from worker.text.formulas import EMPTY_LINE, after_backslash, after_dollar
from worker.text.links import Links
from worker.text.thoughts import MARKS as THOUGHT_MARKS

_TRIGGER = re.compile(r"[<&$\\\]]|`+|!?\[|\u25c1")
_DOCTYPE = re.compile(
    r"<!(?:doctype|element|entity|attlist|notation)\b[^<>\[]*+(?:\[[^\]]{0,5000}+\]\s*+)?+>", re.IGNORECASE
)
_SPECIAL_TOKEN = re.compile(r"<\|[\w/-]{1,60}+\|>|<\uff5c[^<>\uff5c]{1,60}+\uff5c>")
_AUTOLINK = re.compile(
    r"<(?P<address>(?:https?|ftp|mailto|tel):[^\s<>]++|[\w.+-]{1,64}+@[\w.-]++)>", re.IGNORECASE
)
_ENTITY = re.compile(
    r"&(?P<escapes>(?:amp;)*+)"
    r"(?:(?P<name>#\d{1,7}+|#[xX][0-9A-Fa-f]{1,6}+|[A-Za-z][A-Za-z0-9]{1,31}+)(?P<end>;?))?+"
)
_NAMED_WITHOUT_END = re.compile(
    r"(?:nbsp|amp|lt|gt|quot|copy|reg|AMP|LT|GT|QUOT|COPY|REG|frac(?:12|14|34)|deg|euro|szlig|[AaOo]uml|[aeou]{1}uml"
    r"|[A-Za-z](?:acute|grave|circ|cedil|tilde|uml|slash)|[lr]aquo|plusmn|middot|iexcl|iquest)\Z"
)
_MODEL_MARK = re.compile(r"\[/?INST\]|<</?SYS>>")
_ALERT = re.compile(r"\[!(?P<name>NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*+")
_STOP = re.compile(r"\s*+(?:[^\w\s<\"'“‘(\[]|\Z)")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\x00-\x08\x0e-\x1f\x7f]")
_LONGEST_CODE = 1_000
_LONGEST_INDENT = 40


class Spanning:
    """Finds the markup of one text, from its beginning to its end, in linear time."""

    def __init__(self, text: str, labels: frozenset[str], *, is_first: bool, is_last: bool) -> None:
        self.open_at: int | None = None
        """The start of markup that the text's end cuts off; None if there is none."""
        self.links: list[tuple[int, int]] = []
        """The spans of links."""
        self._text = text
        self._is_first = is_first
        self._is_last = is_last
        self._elements = Elements(text)
        self._links = Links(text, labels)
        self._closings: dict[int, int] = {}
        self._absent: set[str] = set()
        self._done = 0
        """The text has been read up to here."""
        self._code_ends = _code_ends(text)
        self._read: dict[str, Callable[[int], Iterator[Edit]]] = {
            "<": self._angle,
            "&": self._entity,
            "$": partial(after_dollar, text),
            "\\": partial(after_backslash, text),
            "`": self._code,
            "[": self._bracket,
            "!": self._bracket,
            "]": self._closing,
            "\u25c1": self._thought,
        }

    def edits(self) -> Iterator[Edit]:
        """Yield the replacements of markup; the rest of the text stays as it is."""
        position = 0
        while self.open_at is None and (match := _TRIGGER.search(self._text, position)):
            position = match.end() if match.group()[0] in "`!" else match.start() + 1
            for edit in self._read[match.group()[0]](match.start()):
                position = self._done = max(position, edit.end)
                if edit.text or edit.end > edit.start:
                    yield edit

    def _find(self, needle: str, start: int) -> int:
        """Return the position of ``needle``; an absent one is searched for only once."""
        if needle in self._absent:
            return -1
        found = self._text.find(needle, start)
        if found < 0:
            self._absent.add(needle)
        return found

    def _hidden(self, at: int, after: int, closing: str) -> Iterator[Edit]:
        """Remove everything up to ``closing``; without one, only the opening."""
        end = self._find(closing, after)
        if end >= 0:
            yield Edit(at, end + len(closing), "")
        elif self._is_last:
            yield Edit(at, after, "")
        else:
            self.open_at = at

    def _angle(self, at: int) -> Iterator[Edit]:
        text = self._text
        if text.startswith("<!--", at):
            yield from self._hidden(at, at + 4, "-->")
        elif text.startswith("<![CDATA[", at):
            yield from self._character_data(at)
        elif text.startswith("<?", at) and text[at + 2 : at + 3].isalpha():
            yield from self._hidden(at, at + 2, "?>")
        elif (
            (match := _DOCTYPE.match(text, at))
            or (match := _SPECIAL_TOKEN.match(text, at))
            or (match := _MODEL_MARK.match(text, at))
        ):
            yield Edit(at, match.end(), "")
        elif match := _AUTOLINK.match(text, at):
            yield Edit(at, at + 1, "")
            yield Edit(match.end() - 1, match.end(), "")
        else:
            yield from self._element(at)

    def _character_data(self, at: int) -> Iterator[Edit]:
        end = self._find("]]>", at)
        if end < 0 and not self._is_last:
            self.open_at = at
            return
        if end >= 0:
            self._closings[end] = end + 3
        yield Edit(at, at + 9, "")

    def _element(self, at: int) -> Iterator[Edit]:
        reading = self._elements.read(at)
        hidden = self._elements.hides(at)
        if reading is None:
            if not self._is_last and self._elements.is_begun(at):
                self.open_at = at
            return
        if hidden and not self._elements.is_closed(at):
            if not self._is_last:
                self.open_at = at
                return
            if self._elements.is_thought(hidden) and self._is_at_start(at):
                yield Edit(at, len(self._text), "")
                return
        if reading.text == PAUSE:
            yield self._pause(at, reading.end)
            return
        yield Edit(at, reading.end, reading.text or self._between(at, reading.end))

    def _pause(self, at: int, end: int) -> Edit:
        """Put a comma after the preceding word, unless the following text is itself a pause."""
        start = at
        while start > max(self._done, at - _LONGEST_INDENT) and self._text[start - 1].isspace():
            start -= 1
        if _STOP.match(self._text, end):
            return Edit(start, end, "")
        return Edit(start, end, PAUSE if self._text[start - 1 : start].isalnum() else " ")

    def _between(self, start: int, end: int) -> str:
        """Return a space if two words would otherwise be joined, unless the element marks parts of a word."""
        return " " if self._elements.parts_words(start) and _touch(self._text, start, end) else ""

    def _is_at_start(self, at: int) -> bool:
        return self._is_first and not any(map(str.isalnum, self._text[:at]))

    def _thought(self, at: int) -> Iterator[Edit]:
        for mark, closing in THOUGHT_MARKS.items():
            if self._text.startswith(mark, at):
                if self._is_last and self._is_at_start(at) and self._find(closing, at) < 0:
                    yield Edit(at, len(self._text), "")
                else:
                    yield from self._hidden(at, at + len(mark), closing)
            elif self._text.startswith(closing, at):
                yield Edit(at, at + len(closing), "")

    def _entity(self, at: int) -> Iterator[Edit]:
        match = _ENTITY.match(self._text, at)
        if match is None:
            return
        follows = self._text[match.end() : match.end() + 1]
        name = match["name"]
        if name and (match["end"] or (follows != "=" and _NAMED_WITHOUT_END.match(name))):
            character = html.unescape(f"&{name};") if name[0] == "#" else html5.get(f"{name};")
            if character is not None:
                yield Edit(at, match.end(), _UNSEEN.sub("", character.replace("\ufffd", " ")))
                return
        if match["escapes"]:
            yield Edit(at, match.end("escapes"), "&")

    def _code(self, at: int) -> Iterator[Edit]:
        """Skip inline code: its characters have no markup meaning."""
        end = self._code_ends.get(at)
        if end is not None and not EMPTY_LINE.search(self._text, at, end):
            yield Edit(end, end, "")

    def _bracket(self, at: int) -> Iterator[Edit]:
        if self._text.startswith((*THOUGHT_MARKS, *THOUGHT_MARKS.values()), at):
            yield from self._thought(at)
            return
        if match := _MODEL_MARK.match(self._text, at):
            yield Edit(at, match.end(), "")
            return
        if match := _ALERT.match(self._text, at):
            yield Edit(at, match.end(), f"{match['name'].capitalize()}: ")
            return
        if link := self._links.at(at):
            words, end, after = link
            self._closings[end] = after
            self.links.append((at, after))
            yield Edit(at, words, "")

    def _closing(self, at: int) -> Iterator[Edit]:
        if after := self._closings.get(at):
            yield Edit(at, after, "")


def _touch(text: str, start: int, end: int) -> bool:
    before = text[start - 1 : start]
    return (before.isalnum() or before == ">") and text[end : end + 1].isalnum()


def _code_ends(text: str) -> dict[int, int]:
    """Return, for each run of backticks that opens code, the end of the run that closes it."""
    ends: dict[int, int] = {}
    waiting: dict[int, int] = {}
    for match in re.finditer(r"`+", text):
        length = match.end() - match.start()
        opened = waiting.get(length)
        if opened is not None and match.start() - opened <= _LONGEST_CODE:
            ends[opened] = match.end()
            waiting = {}
        elif length < 3 or not _begins_line(text, match.start()):  # noqa: PLR2004  # a fence
            waiting[length] = match.start()
    return ends


def _begins_line(text: str, at: int) -> bool:
    line = max(at - _LONGEST_INDENT, 0)
    return not text[max(text.rfind("\n", line, at) + 1, line) : at].strip()
