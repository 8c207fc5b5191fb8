"""Books: reads the text of untrusted .txt, .md and .epub files in chapters."""

from voices_cli.books.book import Book, Chapter
from voices_cli.books.reading import read_book, read_untrusted

__all__ = ["Book", "Chapter", "read_book", "read_untrusted"]
