"""The path of one request, from its text to its events."""
