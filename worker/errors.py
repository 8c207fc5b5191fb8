"""What a request can end with, beside audio. One tree, each leaf with a stable code.

ChatterpodError                                    (voices/errors.py)
├── InvalidRequest            invalid_request
│   ├── NothingToSpeak        invalid_request      the text has no word
│   └── TextTooLong           text_too_long
├── UnknownVoice              unknown_voice
├── VoiceCorrupt              voice_corrupt
├── VoiceIncompatible         voice_incompatible
├── StoreFailure              store_failure
├── ResumeBusy                resume_busy          another request goes on with that job right now
├── Overloaded                overloaded           more than this worker takes at once: try again
├── ShuttingDown              shutting_down        this worker is being stopped: another will do it
├── DeadlineExceeded          deadline_exceeded    not done within the request's time, or the worker's
├── Cancelled                 cancelled            the client went away, or took nothing for too long
└── EngineFailure             engine_failure       the model failed, or could not be loaded
    ├── CheckpointMissing                          the engine's weights are not there
    ├── DeviceFailure                              the GPU failed: on another machine it may well work
    └── EngineStuck                                it did not get on: its worker is being replaced
"""

from voices.errors import ChatterpodError, InvalidRequest


class CannotListen(OSError):
    """The message names the address, why it cannot be had, and which setting chooses another."""

    def __init__(self, host: str, port: int, error: OSError, remedy: str) -> None:
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        super().__init__(f"cannot listen at {place}: {error.strerror or error}. {remedy}")


class NothingToSpeak(InvalidRequest):
    """The text has no letter or digit that anybody would read, as one of markup or emoji alone.

    The client knows it by its words.
    """

    def __init__(self, what: str = "") -> None:
        super().__init__(
            f"text: there is nothing to speak in it{what}: send at least one word.", field="text"
        )


class TextTooLong(InvalidRequest):
    """The text, or the audio it makes, is more than one request may have."""

    code = "text_too_long"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="text")


class ResumeBusy(ChatterpodError):
    """Another request of the same ``resume`` name is under way, here or in another worker."""

    code = "resume_busy"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"resume: another request is at work under the name {name!r}: send this one again when that one "
            "is done, or under another name.",
            field="resume",
            retry_after_s=10.0,
        )


class Overloaded(ChatterpodError):
    """More requests than the worker takes at once."""

    code = "overloaded"

    def __init__(self, message: str, *, retry_after_s: float = 2.0) -> None:
        super().__init__(message, retry_after_s=retry_after_s)


class ShuttingDown(ChatterpodError):
    """The worker is being stopped."""

    code = "shutting_down"

    def __init__(self, message: str = "This worker is being stopped: send the request again.") -> None:
        super().__init__(message, retry_after_s=1.0)


class DeadlineExceeded(ChatterpodError):
    """The time that a request may take passed before its speech was complete."""

    code = "deadline_exceeded"


class Cancelled(ChatterpodError):
    """The client went away, or asked to stop."""

    code = "cancelled"


class EngineFailure(ChatterpodError):
    """The model failed, or could not be loaded."""

    code = "engine_failure"


class CheckpointMissing(EngineFailure):
    """The engine's weights are not where they were looked for."""


class DeviceFailure(EngineFailure):
    """The device failed under the model, which can do nothing more in this process."""


class EngineStuck(EngineFailure):
    """The model has not got on for too long."""
