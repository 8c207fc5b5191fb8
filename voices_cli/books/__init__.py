"""Books: what a file holds of text, in chapters. Files come from anywhere: nothing in them is trusted."""

from voices_cli.books.book import Book, Chapter
from voices_cli.books.reading import read_book, read_untrusted

__all__ = ["Book", "Chapter", "read_book", "read_untrusted"]
