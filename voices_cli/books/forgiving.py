"""Parses malformed HTML and XML in linear time.

The standard library's parser expands only character references and fetches nothing, so a hostile book can
neither make it expand entities nor open URLs.
"""

from html.parser import HTMLParser

from typing_extensions import override


class ForgivingParser(HTMLParser):
    """``HTMLParser`` without its exceptions and quadratic cases."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def read(self, document: str) -> None:
        """Parse a whole document."""
        self.feed(_without_open_ends(document))
        self.close()

    @override
    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Skip sections that begin with ``<![``; the base class raises for unknown ones."""
        try:
            return super().parse_marked_section(i, report)
        except AssertionError:
            return self.parse_bogus_comment(i)


def _without_open_ends(document: str) -> str:
    """Remove the openings of comments, sections and tags that are never closed.

    For each of them the parser would search the rest of the document, in quadratic time.
    """
    for begin, end, read in (("<!--", "-->", ""), ("<![CDATA[", "]]>", ""), ("<", ">", "&lt;")):
        last = document.rfind(end) + 1
        document = document[:last] + document[last:].replace(begin, read)
    return document
