"""Reads a book's file by its extension, in a subprocess with bounded time and memory.

Our own readers take linear time, but the HTML and Markdown parsers may take days and gigabytes for a
malicious file.
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
"""An EPUB may have many pictures; text files are far smaller."""

PROCESSOR_SECONDS = 300
"""CPU time. Ten million characters, the upper bound of a book, take a tenth of it."""
MEMORY_BYTES = 4 << 30
"""In addition to the interpreter's memory."""

_TEXTS = {".txt": read_plain_text, ".md": read_markdown, ".markdown": read_markdown}


def read_untrusted(path: Path, *, processor_seconds: int = PROCESSOR_SECONDS) -> Book:
    """Read like ``read_book``, in a subprocess with limited CPU time and memory.

    Raises ``InvalidBook`` like it, and if a limit is exceeded; ``OSError`` if the subprocess is killed from
    outside.
    """
    finished = run_apart(
        "voices_cli.books.reading:_main", str(path), str(processor_seconds), str(MEMORY_BYTES)
    )
    last_line = finished.stderr.decode(errors="replace").rstrip().rpartition("\n")[2]
    if finished.returncode == -signal.SIGXCPU or last_line.startswith("MemoryError"):
        raise InvalidBook(
            f"{path}: The file takes too much time or memory to read: it is damaged or malicious."
        )
    if finished.returncode:  # killed from outside, or a bug of ours
        raise OSError(errno.EIO, f"its reader exited with {finished.returncode}: {last_line}", str(path))
    facts = json.loads(finished.stdout)
    if "refused" in facts:
        raise InvalidBook(facts["refused"])
    chapters = (Chapter(each["title"], tuple(each["paragraphs"])) for each in facts["chapters"])
    return Book(facts["title"], facts["author"], tuple(chapters), tuple(facts["warnings"]))


def _main() -> None:
    """Run in the subprocess: read the book named by the first argument within the limits of the others."""
    path, seconds, more_bytes = sys.argv[1:]
    limit_processor(int(seconds))
    limit_memory(int(more_bytes))
    try:
        result = asdict(read_book(Path(path)))
    except InvalidBook as error:
        result = {"refused": error.message}
    json.dump(result, sys.stdout)


def read_book(path: Path) -> Book:
    """Read a ``.txt``, ``.md`` or ``.epub`` file in this process; raises ``InvalidBook``.

    Time and memory are not bounded: use ``read_untrusted`` for untrusted files.
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
        raise InvalidBook(f"The file is larger than {MOST_FILE_BYTES >> 20} MB.")
    if suffix == ".epub":
        return read_epub(path)
    if suffix in _TEXTS:
        return _TEXTS[suffix](decode(path.read_bytes()), path.stem)
    raise InvalidBook("A book must be a .txt, .md or .epub file.")
