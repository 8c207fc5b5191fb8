"""The silence between two text chunks."""

from worker.text.sentences import Pause

PAUSE_SECONDS = {
    Pause.WORD: 0.05,
    Pause.CLAUSE: 0.15,
    Pause.SENTENCE: 0.30,
    Pause.PARAGRAPH: 0.65,
}
"""Seconds before ``speed``; each text chunk also keeps up to 30 ms of quiet before it and 40 ms after it."""
