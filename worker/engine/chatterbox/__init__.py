"""Chatterbox Turbo over upstream's modules; importing anything here imports torch."""
