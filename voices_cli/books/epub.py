"""EPUB: a zip of web pages, a list that gives their order, and a table of contents that names them."""

import posixpath
import zipfile
import zlib
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from voices_cli.books.book import Book, InvalidBook, make_book
from voices_cli.books.markup import Element, ElementList, PageText, Section

MOST_PAGE_BYTES = 16 << 20
MOST_BYTES = 128 << 20
"""Of all pages together, unpacked."""
MOST_PAGES = 10_000

_CONTAINER = "META-INF/container.xml"
_PAGE_TYPES = {"application/xhtml+xml", "text/html"}
_NOT_READ = {"nav", "toc", "cover"}


def read_epub(path: Path) -> Book:
    """Read an unprotected EPUB 2 or 3; raises ``InvalidBook``."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _Reader(archive).book(path.stem)
    # What zipfile raises for damaged, encrypted and oddly packed entries, and parsing for odd numbers.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InvalidBook(f"{path} is damaged, or no EPUB.") from error


class _Reader:
    """Reads one archive; what a page unpacks to is bounded, whatever its entry claims."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = MOST_BYTES
        self._names = set(archive.namelist())

    def book(self, name: str) -> Book:
        if "META-INF/rights.xml" in self._names:
            raise InvalidBook("The book is locked by digital rights management: it cannot be read.")
        roots = ElementList(self._read(_CONTAINER)).named("rootfile")
        if not roots:
            raise InvalidBook("The EPUB does not say where its contents are.")
        package_path = unquote(roots[0].attributes.get("full-path", ""))
        package = ElementList(self._read(package_path))
        items = {item.attributes.get("id", ""): item.attributes for item in package.named("item")}
        spine = [each.attributes for each in package.named("itemref")]
        if len(spine) > MOST_PAGES:
            raise InvalidBook(f"The EPUB has more than {MOST_PAGES:,} pages.")
        titles = self._titles(items, package_path)
        chapters: list[tuple[str | None, list[str]]] = [(None, [])]
        for reference in spine:
            item = items.get(reference.get("idref", ""), {})
            properties = set(item.get("properties", "").split())
            if reference.get("linear") == "no" or properties & _NOT_READ:
                continue
            if item.get("media-type") not in _PAGE_TYPES:
                continue
            page = _resolved(item.get("href", ""), package_path)
            _add_page(chapters, PageText(self._read(page)).sections, titles.get(page))
        title = next((each.text for each in package.named("title") if each.text.strip()), name)
        author = next((each.text for each in package.named("creator") if each.text.strip()), None)
        return make_book(title, author, chapters)

    def _titles(self, items: dict[str, dict[str, str]], package_path: str) -> dict[str, str]:
        """Return what the table of contents calls each page: an EPUB 3's ``nav``, an EPUB 2's ``ncx``."""
        titles: dict[str, str] = {}
        for item in items.values():
            path = _resolved(item.get("href", ""), package_path)
            if "nav" in item.get("properties", "").split():
                elements = ElementList(self._read(path)).elements
                # A label may be in an element of its own within the link.
                links = [
                    (each.attributes.get("href", ""), each.text.strip() or following.text)
                    for each, following in pairwise([*elements, Element("", {})])
                    if each.name == "a"
                ]
            elif item.get("media-type") == "application/x-dtbncx+xml":
                elements = ElementList(self._read(path)).elements
                # In each point its label comes before the page that it names.
                links, label = [], ""
                for each in elements:
                    label = each.text if each.name == "text" else label
                    if each.name == "content":
                        links.append((each.attributes.get("src", ""), label))
            else:
                continue
            for href, label in links:
                if label.strip():
                    titles.setdefault(_resolved(href, path), label)
        return titles

    def _read(self, name: str) -> str:
        if name not in self._names:
            raise InvalidBook(f"The EPUB lacks {name[:200]!r}.")
        with self._archive.open(name) as entry:
            limit = min(MOST_PAGE_BYTES, self._left)
            data = entry.read(limit + 1)
        if len(data) > limit:
            raise InvalidBook("The EPUB unpacks to more than any book has: it is made to do harm.")
        self._left -= len(data)
        is_utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        return data.decode("utf-16" if is_utf16 else "utf-8-sig", errors="replace")


def _add_page(
    chapters: list[tuple[str | None, list[str]]], sections: list[Section], title: str | None
) -> None:
    """Add a page: a chapter under its title, or several under its highest headings, else more of the last."""
    top = min((section.rank for section in sections if section.rank), default=0)
    if top == 0 and title and any(section.paragraphs for section in sections):
        chapters.append((title, []))
    for section in sections:
        if section.rank and section.rank == top:
            chapters.append((section.heading, []))
        elif section.rank:
            chapters[-1][1].append(section.heading)
        chapters[-1][1].extend(section.paragraphs)


def _resolved(href: str, base: str) -> str:
    """Return the name in the archive of what ``base`` calls ``href``."""
    path = unquote(urlsplit(href).path)
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), path)) if path else base
