"""Reading a book's file, by the ending of its name, in a process of its own.

What a reader of ours makes of a file takes about as long as the file; what the parsers of HTML and of
Markdown make of one that was written to do harm may take days, and gigabytes.
"""

import errno
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from voices.apart import limit_memory, limit_processor, run_apart
from voices_cli.books.book import Book, Chapter, InvalidBook
from voices_cli.books.encoding import decode
from voices_cli.books.epub import read_epub
from voices_cli.books.markdown import read_markdown
from voices_cli.books.plain_text import read_plain_text

MOST_FILE_BYTES = 256 << 20
"""An EPUB may be full of pictures; a text file never gets near."""

PROCESSOR_SECONDS = 300
"""Ten million characters, more than any book has, take one in ten of them."""
MEMORY_BYTES = 4 << 30
"""Beyond what the interpreter takes."""

_TEXTS = {".txt": read_plain_text, ".md": read_markdown, ".markdown": read_markdown}


def read_untrusted(path: Path, *, processor_seconds: int = PROCESSOR_SECONDS) -> Book:
    """Read like ``read_book`` in a process that cannot take more than its time and its memory.

    Raises ``InvalidBook`` likewise, and where it would; ``OSError`` if that process is ended from outside.
    """
    finished = run_apart(
        "voices_cli.books.reading:_main", str(path), str(processor_seconds), str(MEMORY_BYTES)
    )
    last_line = finished.stderr.decode(errors="replace").rstrip().rpartition("\n")[2]
    if finished.returncode == -signal.SIGXCPU or last_line.startswith("MemoryError"):
        raise InvalidBook(
            f"{path}: It takes more time or memory to read than any book: it is damaged, or made to do harm."
        )
    if finished.returncode:  # ended from outside, or a fault of ours
        raise OSError(errno.EIO, f"reading it ended with {finished.returncode}: {last_line}", str(path))
    facts = json.loads(finished.stdout)
    if "refused" in facts:
        raise InvalidBook(facts["refused"])
    chapters = (Chapter(each["title"], tuple(each["paragraphs"])) for each in facts["chapters"])
    return Book(facts["title"], facts["author"], tuple(chapters), tuple(facts["warnings"]))


def _main() -> None:
    """Be the child: read the book named first within so many seconds and bytes."""
    path, seconds, more_bytes = sys.argv[1:]
    limit_processor(int(seconds))
    limit_memory(int(more_bytes))
    try:
        told = asdict(read_book(Path(path)))
    except InvalidBook as error:
        told = {"refused": error.message}
    json.dump(told, sys.stdout)


def read_book(path: Path) -> Book:
    """Read a ``.txt``, ``.md`` or ``.epub`` file here; raises ``InvalidBook``.

    Neither time nor memory are bounded: files of strangers are for ``read_untrusted``.
    """
    try:
        return _read(path)
    except InvalidBook as error:
        raise InvalidBook(f"{path}: {error.message}") from error
    except OSError as error:
        raise InvalidBook(f"{path} cannot be read: {error.strerror or error}.") from error


def _read(path: Path) -> Book:
    suffix = path.suffix.lower()
    if path.stat().st_size > MOST_FILE_BYTES:
        raise InvalidBook(f"It is larger than {MOST_FILE_BYTES >> 20} MB.")
    if suffix == ".epub":
        return read_epub(path)
    if suffix in _TEXTS:
        return _TEXTS[suffix](decode(path.read_bytes()), path.stem)
    raise InvalidBook("A book is a .txt, .md or .epub file.")
