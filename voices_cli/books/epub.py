"""EPUB: a zip archive of web pages with a reading order (spine) and a table of contents."""

import posixpath
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from voices_cli.books.book import Book, InvalidBook, check_length, make_book
from voices_cli.books.chapters import ChapterList
from voices_cli.books.encoding import decode
from voices_cli.books.gutenberg import is_end, is_start
from voices_cli.books.package import ElementList, NavEntries, ncx_entries
from voices_cli.books.page import Block, page_blocks
from voices_cli.books.protection import lock_of

MOST_PAGE_BYTES = 16 << 20
MOST_BYTES = 64 << 20
"""Upper bound of all pages together, unpacked."""
MOST_PAGES = 10_000

_CONTAINER = "META-INF/container.xml"
_PAGE_TYPES = {"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"}
_NCX_TYPE = "application/x-dtbncx+xml"
_MOST_WARNINGS = 50
_LONGEST_NAME = 200
_LONGEST_NOTE = 20
"""Blocks; a longer element is not a note, even if a note mark links to it."""
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""Raised by zipfile for damaged, encrypted or unsupported entries, and by parsing malformed numbers."""

_Entries = list[tuple[str, str]]


def read_epub(path: Path) -> Book:
    """Read an EPUB 2 or 3 without DRM; raises ``InvalidBook``.

    Missing or damaged pages and tables of contents are skipped and reported in ``warnings``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _Reader(archive).book(path.stem)
    except _DAMAGED as error:
        raise InvalidBook("The file is damaged or not an EPUB.") from error


@dataclass
class _Page:
    path: str
    blocks: list[Block]


class _Missing(Exception):
    """A document of the archive is missing or damaged; the message names it."""


class _Reader:
    """Reads one archive; the unpacked size of its pages is bounded, whatever their entries claim."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = MOST_BYTES
        self._names = set(archive.namelist())
        self._folded = {name.casefold(): name for name in self._names}
        self._warnings: list[str] = []

    def book(self, name: str) -> Book:
        if scheme := lock_of(self._names, self._needed):
            raise InvalidBook(
                f"The book is protected by DRM ({scheme}) and cannot be read. "
                "Its seller may offer it without DRM."
            )
        roots = ElementList(self._needed(_CONTAINER)).named("rootfile")
        if not roots:
            raise InvalidBook("The EPUB does not name its package document.")
        package_path = unquote(roots[0].attributes.get("full-path", ""))
        package = ElementList(self._needed(package_path))
        items = {item.attributes.get("id", ""): item.attributes for item in package.named("item")}
        title = next((each.text for each in package.named("title") if each.text.strip()), name)
        author = next((each.text for each in package.named("creator") if each.text.strip()), None)
        contents = self._contents(items, package_path)
        lists = {
            _resolved(each.attributes.get("href", ""), package_path)
            for each in package.named("reference")
            if each.attributes.get("type") == "toc" and "#" not in each.attributes.get("href", "")
        }
        paths = [path for path in self._spine(package, items, package_path) if path not in lists]
        pages = _without_licence(_without_notes(self._pages(paths)))
        chapters = ChapterList(title)
        for page in pages:
            chapters.add_page(page.blocks, contents.get(page.path, []), is_alone=len(pages) == 1)
        return make_book(title, author, chapters.chapters, self._warnings)

    def _spine(self, package: ElementList, items: dict[str, dict[str, str]], package_path: str) -> list[str]:
        """Return the paths of the pages in reading order, each page once even under several names."""
        spine = [each.attributes for each in package.named("itemref")]
        if len(spine) > MOST_PAGES:
            raise InvalidBook(f"The EPUB has more than {MOST_PAGES:,} pages.")
        paths: dict[str, str] = {}
        for reference in spine:
            item = items.get(reference.get("idref", ""))
            if item is None:
                self._warn(f"A page is not in the book's list of files: {_named(reference.get('idref'))}.")
            elif (
                reference.get("linear") != "no"
                and "nav" not in item.get("properties", "").split()
                and item.get("media-type") in _PAGE_TYPES
            ):
                path = _resolved(item.get("href", ""), package_path)
                paths.setdefault(self._entry(path) or path, path)
        return list(paths.values())

    def _pages(self, paths: Sequence[str]) -> list[_Page]:
        pages = []
        characters = 0
        for path in paths:
            try:
                page = _Page(path, page_blocks(self._read(path)))
            except _Missing as error:
                self._warn(f"A page was left out: {error}")
                continue
            characters += sum(len(block.text) for block in page.blocks)
            check_length(characters)  # before more pages are read
            pages.append(page)
        return pages

    def _contents(self, items: dict[str, dict[str, str]], package_path: str) -> dict[str, _Entries]:
        """Return the table of contents by page.

        An EPUB 3 has a ``nav`` and an EPUB 2 an ``ncx``; many have both.
        """
        read: set[str] = set()
        for is_nav in (True, False):
            for item in items.values():
                if not (
                    "nav" in item.get("properties", "").split()
                    if is_nav
                    else item.get("media-type") == _NCX_TYPE
                ):
                    continue
                path = _resolved(item.get("href", ""), package_path)
                name = self._entry(path) or path
                if name in read:
                    continue
                read.add(name)
                try:
                    document = self._read(path)
                except _Missing as error:
                    self._warn(f"A table of contents was left out: {error}")
                    continue
                links = NavEntries(document).entries if is_nav else ncx_entries(document)
                if contents := _by_page(links, path):
                    return contents
        if not read:
            self._warn("The book has no table of contents: its chapters were found by its headings.")
        return {}

    def _needed(self, name: str) -> str:
        try:
            return self._read(name)
        except _Missing as error:
            raise InvalidBook(f"The book cannot be read: {error}") from error

    def _read(self, name: str) -> str:
        """Read a document; raises ``_Missing``, and ``InvalidBook`` for a zip bomb."""
        found = self._entry(name)
        if found is None:
            raise _Missing(f"the EPUB lacks {_named(name)}.")
        limit = min(MOST_PAGE_BYTES, self._left)
        try:
            with self._archive.open(found) as entry:
                data = entry.read(limit + 1)
        except _DAMAGED as error:
            raise _Missing(f"{_named(name)} is damaged or encrypted.") from error
        if len(data) > limit:
            raise InvalidBook("The EPUB unpacks to more text than any book has: it is malicious.")
        self._left -= len(data)
        return decode(data, is_page=True)

    def _entry(self, name: str) -> str | None:
        """Return a document's name in the archive, ignoring case; None if it does not exist."""
        return name if name in self._names else self._folded.get(name.casefold())

    def _warn(self, sentence: str) -> None:
        if len(self._warnings) < _MOST_WARNINGS:
            self._warnings.append(sentence)
        elif len(self._warnings) == _MOST_WARNINGS:
            self._warnings.append("More warnings were left out.")


def _named(name: str | None) -> str:
    return repr((name or "")[:_LONGEST_NAME])


def _by_page(links: _Entries, base: str) -> dict[str, _Entries]:
    """Group the links of the document ``base`` by target page, as fragments and titles."""
    contents: dict[str, _Entries] = {}
    for href, label in links:
        title = " ".join(label.split())
        if title and href and not _split(href).scheme:
            contents.setdefault(_resolved(href, base), []).append((_fragment(href), title))
    return contents


def _without_notes(pages: Sequence[_Page]) -> list[_Page]:
    """Remove the notes to which note marks link; a note comes after its mark."""
    places: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for page_number, page in enumerate(pages):
        for number, block in enumerate(page.blocks):
            for each in block.within:
                places.setdefault((page.path, each), []).append((page_number, number))
    notes: set[tuple[int, int]] = set()
    for page_number, page in enumerate(pages):
        for number, block in enumerate(page.blocks):
            for href in block.notes:
                found = places.get((_resolved(href, page.path), _fragment(href)), [])
                if len(found) <= _LONGEST_NOTE:
                    notes.update(each for each in found if each > (page_number, number))
    return [
        _Page(page.path, [block for at, block in enumerate(page.blocks) if (number, at) not in notes])
        for number, page in enumerate(pages)
    ]


def _without_licence(pages: Sequence[_Page]) -> list[_Page]:
    """Remove Project Gutenberg's header and licence."""
    kept: list[_Page] = []
    for page in pages:
        blocks: list[Block] = []
        for block in page.blocks:
            if is_start(block.text):
                kept.clear()
                blocks.clear()
            elif is_end(block.text):
                return [*kept, _Page(page.path, blocks)]
            else:
                blocks.append(block)
        kept.append(_Page(page.path, blocks))
    return kept


def _split(href: str) -> SplitResult:
    """Split a link; a malformed one leads nowhere."""
    try:
        return urlsplit(href)
    except ValueError:
        return urlsplit("invalid:")


def _fragment(href: str) -> str:
    return unquote(_split(href).fragment)


def _resolved(href: str, base: str) -> str:
    """Return the archive's path for ``href`` in the document ``base``."""
    path = unquote(_split(href).path)
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(base), path)) if path else base
    return joined.lstrip("/")
