"""Word errors: a recogniser's transcript compared with the text."""

import re
from collections.abc import Callable
from importlib.util import find_spec

import soxr

from voices.clips.clip import Clip, Samples
from worker.text.tags import without_tags

Transcribe = Callable[[Samples], str]
"""Transcribes speech at 16 kHz."""

HOW_TO_INSTALL = (
    "word error rate: no recogniser is installed. `pip install faster-whisper` (or openai-whisper) "
    "and run this again."
)
_RATE = 16_000
_NOT_A_WORD = re.compile(r"[^\w\s']")


def find_recogniser(model: str) -> Transcribe | None:
    """Load the installed recogniser, downloading ``model`` on its first use; None if none is installed."""
    if find_spec("faster_whisper") is not None:
        return _faster_whisper(model)
    if find_spec("whisper") is not None:
        return _openai_whisper(model)
    return None


def _faster_whisper(model: str) -> Transcribe:
    import faster_whisper  # type: ignore[import-not-found, unused-ignore]

    recogniser = faster_whisper.WhisperModel(model)

    def transcribe(samples: Samples) -> str:
        segments, _ = recogniser.transcribe(samples)
        return " ".join(segment.text for segment in segments)

    return transcribe


def _openai_whisper(model: str) -> Transcribe:
    import whisper  # type: ignore[import-not-found, unused-ignore]

    recogniser = whisper.load_model(model)
    return lambda samples: str(recogniser.transcribe(samples)["text"])


def heard_error_rate(transcribe: Transcribe, speech: Clip, text: str) -> float:
    """Return the word error rate of the recognised speech against ``text``."""
    return word_error_rate(text, transcribe(soxr.resample(speech.samples, speech.sample_rate, _RATE)))


def word_error_rate(said: str, heard: str) -> float:
    """Return the fewest words to change, delete or insert, per word of the text.

    Case, punctuation and Turbo's tags do not count. Raises ``ValueError`` if there is no word.
    """
    wanted, got = _words(said), _words(heard)
    if not wanted:
        raise ValueError(f"there is no word in {said!r}")
    return _edits(wanted, got) / len(wanted)


def _words(text: str) -> list[str]:
    return _NOT_A_WORD.sub(" ", without_tags(text).lower()).split()


def _edits(wanted: list[str], got: list[str]) -> int:
    """Count by dynamic programming: ``row[j]`` yields the first ``j`` recognised words."""
    row = list(range(len(got) + 1))
    for left, word in enumerate(wanted, 1):
        diagonal, row[0] = row[0], left
        for column, other in enumerate(got, 1):
            changed = diagonal + (word != other)
            diagonal = row[column]
            row[column] = min(changed, row[column] + 1, row[column - 1] + 1)
    return row[-1]
