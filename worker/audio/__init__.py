"""Samples on their way to the listener: each stage incremental, ``process`` then ``flush``."""
