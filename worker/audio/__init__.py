"""Stages between the engine's samples and the listener; each is incremental: ``process``, then ``flush``."""
