"""One request, from its text to its events."""
