"""Reading a book's file, by the ending of its name."""

from pathlib import Path

from voices_cli.books.book import Book, InvalidBook
from voices_cli.books.encoding import decode
from voices_cli.books.epub import read_epub
from voices_cli.books.markdown import read_markdown
from voices_cli.books.plain_text import read_plain_text

MOST_FILE_BYTES = 256 << 20
"""An EPUB may be full of pictures; a text file never gets near."""

_TEXTS = {".txt": read_plain_text, ".md": read_markdown, ".markdown": read_markdown}


def read_book(path: Path) -> Book:
    """Read a ``.txt``, ``.md`` or ``.epub`` file; raises ``InvalidBook``."""
    suffix = path.suffix.lower()
    try:
        if path.stat().st_size > MOST_FILE_BYTES:
            raise InvalidBook(f"{path} is larger than {MOST_FILE_BYTES >> 20} MB.")
        if suffix == ".epub":
            return read_epub(path)
        if suffix in _TEXTS:
            return _TEXTS[suffix](decode(path.read_bytes()), path.stem)
    except OSError as error:
        raise InvalidBook(f"{path} cannot be read: {error.strerror or error}.") from error
    raise InvalidBook(f"{path}: a book is a .txt, .md or .epub file.")
