"""``python -m worker doctor``: looks at all that speech depends on, and says what to do."""
