"""The error tree; the worker adds its own branches in ``worker/errors.py``.

ChatterpodError
├── InvalidRequest            invalid_request      a parameter is invalid: `field` names it
│   ├── InvalidVoiceId
│   └── InvalidClip                                not audio, too short, too long, silent
├── UnknownVoice              unknown_voice        no voice is published under that id
├── VoiceExists               voice_exists         a voice is already published under that id
├── VoiceBusy                 voice_busy           another writer is changing that voice
├── VoiceCorrupt              voice_corrupt        the voice's files do not match its manifest
├── VoiceIncompatible         voice_incompatible   the voice's conditionals do not fit the engine
├── StoreFailure              store_failure        the store cannot be reached, read or written
└── DecoderFailure            engine_failure       the decoding process was killed or got no CPU time
"""

import errno
import os
from pathlib import Path
from typing import ClassVar, Self

_RETRY_S = 30.0
"""Retry interval for transient errors: a full disk has room again once leftovers are removed."""
_PERMANENT = {
    errno.EACCES,
    errno.EINVAL,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}
"""Permanent errors: they last until somebody fixes the path or its permissions."""


class ChatterpodError(Exception):
    """An error with a stable ``code``, a message that a person can act on, and the invalid field.

    ``retry_after_s`` is when a retry may succeed; None means that a retry would fail again. ``told`` is
    the message for clients, set where ``message`` names a path of this machine.
    """

    code: ClassVar[str] = "engine_failure"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        retry_after_s: float | None = None,
        told: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.told = message if told is None else told
        self.field = field
        self.retry_after_s = retry_after_s

    def as_dict(self) -> dict[str, str | float | None]:
        """Return the error as JSON, with the message for users of this machine."""
        told: dict[str, str | float | None] = {
            "code": self.code,
            "message": self.message,
            "field": self.field,
        }
        return told if self.retry_after_s is None else {**told, "retry_after_s": self.retry_after_s}

    def for_clients(self) -> dict[str, str | float | None]:
        """Return the error as JSON, without paths of this machine."""
        return {**self.as_dict(), "message": self.told}


class InvalidRequest(ChatterpodError):
    """A parameter of the request is invalid."""

    code = "invalid_request"


class InvalidVoiceId(InvalidRequest):
    """The voice id is malformed."""

    def __init__(self, voice_id: object) -> None:
        super().__init__(
            f"{str(voice_id)[:80]!r} is not a valid voice id: use 1 to 64 of a-z, 0-9, '_' and '-', "
            "beginning with a letter or a digit.",
            field="voice_id",
        )


class InvalidClip(InvalidRequest):
    """The reference clip is unusable; ``reason`` is a stable code, like a finding's."""

    def __init__(self, message: str, *, reason: str = "unusable") -> None:
        super().__init__(message, field="clip")
        self.reason = reason


class UnknownVoice(ChatterpodError):
    """No voice is published under that id."""

    code = "unknown_voice"

    def __init__(self, voice_id: str) -> None:
        self.voice_id = voice_id
        super().__init__(
            f"There is no voice {voice_id!r}: add it with `voices add {voice_id} CLIP`, "
            "or list the voices with `voices list`.",
            field="voice_id",
        )


class VoiceExists(ChatterpodError):
    """A voice is already published under that id."""

    code = "voice_exists"

    def __init__(self, voice_id: str) -> None:
        self.voice_id = voice_id
        super().__init__(
            f"The voice {voice_id!r} already exists: choose another id, or replace it with --force.",
            field="voice_id",
        )


class VoiceBusy(ChatterpodError):
    """Another writer is changing that voice."""

    code = "voice_busy"

    def __init__(self, voice_id: str, writer: str) -> None:
        self.voice_id, self.writer = voice_id, writer
        super().__init__(
            f"{writer} is changing the voice {voice_id!r}: try again in a minute. "
            "If that writer was interrupted, `voices verify --repair` removes its leftovers.",
            field="voice_id",
            retry_after_s=10.0,
        )


class VoiceCorrupt(ChatterpodError):
    """A voice's files do not match its manifest: the voice is refused rather than spoken wrongly."""

    code = "voice_corrupt"

    def __init__(self, voice_id: str, what: str) -> None:
        self.what = what
        super().__init__(
            f"The voice {voice_id!r} is damaged ({what}): replace it by adding it again.",
            field="voice_id",
        )


class VoiceIncompatible(ChatterpodError):
    """A voice's conditionals do not fit the engine and cannot be converted."""

    code = "voice_incompatible"


class StoreFailure(ChatterpodError):
    """The store of voices or results cannot be reached, read or written."""

    code = "store_failure"

    @classmethod
    def of(cls, error: OSError, attempt: str, path: Path, variable: str) -> Self:
        """Describe a failed file operation; clients see ``variable`` instead of ``path``.

        ``attempt`` completes "Could not {attempt} {path}".
        """
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        return cls(
            f"Could not {attempt} {path}: {reason}.",
            told=f"Could not {attempt} {variable}: {reason}.",
            retry_after_s=None if error.errno in _PERMANENT else _RETRY_S,
        )


class DecoderFailure(ChatterpodError):
    """The decoding process was killed from outside or got no CPU time: the clip may be valid."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The clip could not be decoded: {what}. Try again; the clip itself may be valid.",
            retry_after_s=10.0,
        )
