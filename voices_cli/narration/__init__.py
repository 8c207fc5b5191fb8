"""Narration: speaks a book piece by piece, caches the pieces, and joins them to one file."""
