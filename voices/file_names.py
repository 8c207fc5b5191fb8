"""Which format a file's name asks for."""

from pathlib import Path

from voices.errors import InvalidRequest

FORMATS = {
    ".wav": "wav",
    ".wave": "wav",
    ".mp3": "mp3",
    ".ogg": "opus",
    ".oga": "opus",
    ".opus": "opus",
    ".aac": "aac",
    ".flac": "flac",
    ".pcm": "pcm",
    ".raw": "pcm",
    ".ulaw": "ulaw",
    ".ul": "ulaw",
    ".alaw": "alaw",
    ".al": "alaw",
}
"""A request's format by the ending; Opus is carried in Ogg."""


def format_of(path: Path) -> str:
    """Return the format that a file is to have: WAV for a name without an ending, as of a device.

    Raises ``InvalidRequest``, with the endings that there are, for another.
    """
    ending = path.suffix.lower()
    if not ending:
        return "wav"
    if ending not in FORMATS:
        raise InvalidRequest(
            f"{path}: {ending} is no format that speech can be written in: end the name in "
            f"{', '.join(FORMATS)}.",
            field="out",
        )
    return FORMATS[ending]
