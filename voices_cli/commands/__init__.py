"""The commands of ``voices``: each parses its options and prints; the work is done elsewhere."""
