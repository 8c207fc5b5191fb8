"""HTML and XML, however broken, read in time that grows with their length.

The standard library's forgiving parser knows no entities but characters, and fetches nothing: a book cannot
make it grow or reach out.
"""

from html.parser import HTMLParser

from typing_extensions import override


class ForgivingParser(HTMLParser):
    """Python's parser, which no document stops or slows down."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def read(self, document: str) -> None:
        """Take in a whole document."""
        self.feed(_without_open_ends(document))
        self.close()

    @override
    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Pass over what begins with ``<![``; by itself the parser raises where it knows no such section."""
        try:
            return super().parse_marked_section(i, report)
        except AssertionError:
            return self.parse_bogus_comment(i)


def _without_open_ends(document: str) -> str:
    """Return the document without the beginnings of comments, sections and tags that are never ended.

    The parser would look for the end of each anew, up to the end of the document.
    """
    for begin, end, read in (("<!--", "-->", ""), ("<![CDATA[", "]]>", ""), ("<", ">", "&lt;")):
        last = document.rfind(end) + 1
        document = document[:last] + document[last:].replace(begin, read)
    return document
