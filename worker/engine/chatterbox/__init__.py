"""Chatterbox Turbo: upstream's weights in our own forward; importing most of this imports torch.

Upstream's own modules (upstream.py) prepare voices (encoders.py), and are imported when the first one is.
"""
