"""``python -m worker doctor``: checks everything that speech depends on, and suggests remedies."""
