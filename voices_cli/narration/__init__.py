"""Narration: a book spoken piece by piece, kept while it is under way, and joined to one file."""
