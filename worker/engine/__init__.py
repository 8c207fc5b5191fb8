"""Engines turn text and conditionals into samples."""
