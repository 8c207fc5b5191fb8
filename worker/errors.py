"""What a request can end with, beside audio. One tree, each leaf with a stable code.

ChatterpodError                                    (voices/errors.py)
├── InvalidRequest            invalid_request
│   └── TextTooLong           text_too_long
├── UnknownVoice              unknown_voice
├── VoiceCorrupt              voice_corrupt
├── VoiceIncompatible         voice_incompatible
├── StoreFailure              store_failure
├── Overloaded                overloaded           more than this worker takes at once: try again
├── DeadlineExceeded          deadline_exceeded    not done within the request's `deadline_ms`
├── Cancelled                 cancelled            the client went away
└── EngineFailure             engine_failure       the model failed, or could not be loaded
    └── CheckpointMissing                          the engine's weights are not there
"""

from voices.errors import ChatterpodError, InvalidRequest


class TextTooLong(InvalidRequest):
    """The text, or the audio it makes, is more than one request may have."""

    code = "text_too_long"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="text")


class Overloaded(ChatterpodError):
    """More requests than the worker takes at once."""

    code = "overloaded"


class DeadlineExceeded(ChatterpodError):
    """The request's deadline passed before its speech was complete."""

    code = "deadline_exceeded"

    def __init__(self, deadline_ms: int) -> None:
        super().__init__(
            f"The speech was not complete within deadline_ms={deadline_ms}: "
            "allow more time, or send less text.",
            field="deadline_ms",
        )


class Cancelled(ChatterpodError):
    """The client went away, or asked to stop."""

    code = "cancelled"


class EngineFailure(ChatterpodError):
    """The model failed, or could not be loaded."""

    code = "engine_failure"


class CheckpointMissing(EngineFailure):
    """The engine's weights are not where they were looked for."""
