"""Audio formats by file extension."""

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
"""The request's ``format`` by extension; Opus is carried in Ogg."""


def format_of(path: Path) -> str:
    """Return the audio format for a file name; WAV without an extension, as for a device.

    Raises ``InvalidRequest``, which lists the known extensions, for an unknown one.
    """
    ending = path.suffix.lower()
    if not ending:
        return "wav"
    if ending not in FORMATS:
        raise InvalidRequest(
            f"{path}: {ending} is not a supported audio format: use one of {', '.join(FORMATS)}.",
            field="out",
        )
    return FORMATS[ending]
