"""The errors that a request can end with: one tree, each leaf with a stable code.

ChatterpodError                                    (voices/errors.py)
├── InvalidRequest            invalid_request
│   ├── NothingToSpeak        invalid_request      the text has no word
│   └── TextTooLong           text_too_long
├── UnknownVoice              unknown_voice
├── VoiceCorrupt              voice_corrupt
├── VoiceIncompatible         voice_incompatible
├── StoreFailure              store_failure
├── ResumeBusy                resume_busy          another request is working on that job
├── Overloaded                overloaded           the worker is full: retry
├── ShuttingDown              shutting_down        this worker is being stopped: another one takes the retry
├── DeadlineExceeded          deadline_exceeded    not done within the request's or the worker's time limit
├── Cancelled                 cancelled            the client disconnected, asked to stop, or stalled
└── EngineFailure             engine_failure       the model failed, or could not be loaded
    ├── CheckpointMissing                          the engine's weights were not found
    ├── DeviceFailure                              the GPU failed: another machine may work
    └── EngineStuck                                the engine made no progress: its worker is being replaced
"""

from voices.errors import ChatterpodError, InvalidRequest


class CannotListen(OSError):
    """A port cannot be opened. The message names the address, the reason and the setting that changes it."""

    def __init__(self, host: str, port: int, error: OSError, remedy: str) -> None:
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        super().__init__(f"cannot listen at {place}: {error.strerror or error}. {remedy}")


class NothingToSpeak(InvalidRequest):
    """The text has no letter or digit to read aloud: for example only markup or emoji.

    The client recognises this error by the words "nothing to speak".
    """

    def __init__(self, what: str = "") -> None:
        super().__init__(
            f"text: there is nothing to speak in it{what}: send at least one word.", field="text"
        )


class TextTooLong(InvalidRequest):
    """The text, or its audio, exceeds the limit of one request."""

    code = "text_too_long"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="text")


class ResumeBusy(ChatterpodError):
    """Another request with the same ``resume`` name is in progress, in this worker or in another one."""

    code = "resume_busy"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"resume: another request with the name {name!r} is in progress: retry when it is done, "
            "or use another name.",
            field="resume",
            retry_after_s=10.0,
        )


class Overloaded(ChatterpodError):
    """The worker has as many requests as it takes at once."""

    code = "overloaded"

    def __init__(self, message: str, *, retry_after_s: float = 2.0) -> None:
        super().__init__(message, retry_after_s=retry_after_s)


class ShuttingDown(ChatterpodError):
    """The worker is being stopped."""

    code = "shutting_down"

    def __init__(self, message: str = "This worker is being stopped: send the request again.") -> None:
        super().__init__(message, retry_after_s=1.0)


class DeadlineExceeded(ChatterpodError):
    """A request reached its time limit before its speech was complete."""

    code = "deadline_exceeded"


class Cancelled(ChatterpodError):
    """The client disconnected, asked to stop, or stalled."""

    code = "cancelled"


class EngineFailure(ChatterpodError):
    """The model failed, or could not be loaded."""

    code = "engine_failure"


class CheckpointMissing(EngineFailure):
    """The engine's weights were not found in any of the places searched."""


class DeviceFailure(EngineFailure):
    """The model's device failed; the model cannot run again in this process."""


class EngineStuck(EngineFailure):
    """The model made no progress for longer than its timeout."""
