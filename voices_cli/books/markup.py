"""What is needed of XML and HTML, read by the standard library's forgiving HTML parser.

That one knows no entities but characters, and fetches nothing: a book cannot make it grow or reach out.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from typing_extensions import override

_HEADINGS = frozenset({"h1", "h2", "h3"})
_BLOCKS = _HEADINGS | {
    *("address", "article", "aside", "blockquote", "body", "br", "dd", "div", "dl", "dt", "figcaption"),
    *("figure", "footer", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section"),
    *("table", "td", "th", "tr", "ul"),
}
_SKIPPED = frozenset({"audio", "head", "math", "rp", "rt", "script", "style", "svg", "video"})


@dataclass
class Element:
    """A start tag with its attributes, and the text directly after it."""

    name: str
    attributes: dict[str, str]
    text: str = ""


class ElementList(HTMLParser):
    """An XML document's elements in order, names in small letters and without their namespaces."""

    def __init__(self, document: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.feed(document)
        self.close()

    def named(self, name: str) -> list[Element]:
        """Return the elements of that name."""
        return [element for element in self.elements if element.name == name]

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append(Element(tag.rpartition(":")[2], attributes))

    @override
    def handle_data(self, data: str) -> None:
        if self.elements:
            self.elements[-1].text += data


@dataclass
class Section:
    """Text under a heading; ``rank`` is the heading's, 0 for what stands before any."""

    rank: int
    heading: str
    paragraphs: list[str] = field(default_factory=list)


class PageText(HTMLParser):
    """A page's text, in sections that begin at ``h1`` to ``h3``."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.sections = [Section(0, "")]
        self._text = ""
        self._skipped: list[str] = []
        self._heading: str | None = None
        self.feed(page)
        self.close()
        self._end_block()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SKIPPED:
            self._skipped.append(tag)
        elif tag in _BLOCKS and not (self._heading and tag == "br"):
            self._end_block()
            if tag == "hr":
                self.sections[-1].paragraphs.append("* * *")
            if tag in _HEADINGS:
                self._heading = tag
        elif tag == "br":
            self._text += " "

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _SKIPPED:  # one that closes itself has nothing to skip
            self.handle_starttag(tag, attrs)
            if tag in _HEADINGS:
                self._heading = None

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in self._skipped:
            del self._skipped[self._skipped.index(tag) :]
        elif tag == self._heading:
            if self._text.strip():
                self.sections.append(Section(int(tag[1]), self._text))
            self._text, self._heading = "", None
        elif tag in _BLOCKS:
            self._end_block()

    @override
    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self._text += data

    def _end_block(self) -> None:
        self._heading = None
        if self._text.strip():
            self.sections[-1].paragraphs.append(self._text)
        self._text = ""
