"""What can go wrong, as one tree; the worker adds its own branches in ``worker/errors.py``.

ChatterpodError
├── InvalidRequest            invalid_request      what was sent is wrong: `field` names it
│   ├── InvalidVoiceId
│   └── InvalidClip                                not audio, too short, too long, silent
├── UnknownVoice              unknown_voice        nothing is published under that id
├── VoiceExists               voice_exists         something is already published under that id
├── VoiceBusy                 voice_busy           someone else is changing that voice right now
├── VoiceCorrupt              voice_corrupt        its files are not what its manifest says
├── VoiceIncompatible         voice_incompatible   its conditionals do not fit the engine
├── StoreFailure              store_failure        the store cannot be reached, read or written
└── DecoderFailure            engine_failure       the process that decodes a clip was ended, not by the clip
"""

import errno
import os
from pathlib import Path
from typing import ClassVar, Self

_RETRY_S = 30.0
"""A disk that is full may have room again: others' work ends, and leftovers are swept away."""
_FOR_GOOD = {
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
"""What stays as it is until somebody mends it."""


class ChatterpodError(Exception):
    """An error with a stable ``code``, a message a person can act on, and the field at fault.

    ``retry_after_s`` says when the same request may well succeed; None, that it would fail again.
    ``told`` is the message for clients, where ``message`` names a path of this machine.
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
        """Return the form in which every interface reports the error, here for people at this machine."""
        told: dict[str, str | float | None] = {
            "code": self.code,
            "message": self.message,
            "field": self.field,
        }
        return told if self.retry_after_s is None else {**told, "retry_after_s": self.retry_after_s}

    def for_clients(self) -> dict[str, str | float | None]:
        """Return the same without what is nobody else's business: the paths of this machine."""
        return {**self.as_dict(), "message": self.told}


class InvalidRequest(ChatterpodError):
    """What was sent is wrong."""

    code = "invalid_request"


class InvalidVoiceId(InvalidRequest):
    """The voice id could not name a voice."""

    def __init__(self, voice_id: object) -> None:
        super().__init__(
            f"{str(voice_id)[:80]!r} cannot be a voice id: use 1 to 64 of a-z, 0-9, '_' and '-', "
            "beginning with a letter or a digit.",
            field="voice_id",
        )


class InvalidClip(InvalidRequest):
    """The reference clip cannot become a voice; ``reason`` is a stable code, as of a finding."""

    def __init__(self, message: str, *, reason: str = "unusable") -> None:
        super().__init__(message, field="clip")
        self.reason = reason


class UnknownVoice(ChatterpodError):
    """Nothing is published under that voice id."""

    code = "unknown_voice"

    def __init__(self, voice_id: str) -> None:
        self.voice_id = voice_id
        super().__init__(
            f"There is no voice {voice_id!r}: add it with `voices add {voice_id} CLIP`, "
            "or see what there is with `voices list`.",
            field="voice_id",
        )


class VoiceExists(ChatterpodError):
    """A voice of that id is already published."""

    code = "voice_exists"

    def __init__(self, voice_id: str) -> None:
        self.voice_id = voice_id
        super().__init__(
            f"There is already a voice {voice_id!r}: choose another id, or replace it with --force.",
            field="voice_id",
        )


class VoiceBusy(ChatterpodError):
    """Someone else is changing that voice right now."""

    code = "voice_busy"

    def __init__(self, voice_id: str, writer: str) -> None:
        self.voice_id, self.writer = voice_id, writer
        super().__init__(
            f"{writer} is changing the voice {voice_id!r} right now: try again in a minute. "
            "If that was interrupted, `voices verify --repair` clears what it left.",
            field="voice_id",
            retry_after_s=10.0,
        )


class VoiceCorrupt(ChatterpodError):
    """A voice's files are not what its manifest says; it is refused, never spoken wrongly."""

    code = "voice_corrupt"

    def __init__(self, voice_id: str, what: str) -> None:
        self.what = what
        super().__init__(
            f"The voice {voice_id!r} is damaged ({what}): add it again, in place of the damaged one.",
            field="voice_id",
        )


class VoiceIncompatible(ChatterpodError):
    """A voice's conditionals do not fit the engine, and cannot be made to."""

    code = "voice_incompatible"


class StoreFailure(ChatterpodError):
    """The place where voices, or results, are kept cannot be reached, read or written."""

    code = "store_failure"

    @classmethod
    def of(cls, error: OSError, attempt: str, path: Path, variable: str) -> Self:
        """Say what could not be done at ``path``, which clients know by the ``variable`` that names it.

        ``attempt`` is worded for "Could not {attempt} {path}".
        """
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        return cls(
            f"Could not {attempt} {path}: {reason}.",
            told=f"Could not {attempt} {variable}: {reason}.",
            retry_after_s=None if error.errno in _FOR_GOOD else _RETRY_S,
        )


class DecoderFailure(ChatterpodError):
    """The process that decodes a clip was ended from outside, or had no time: the clip may be good."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The clip could not be looked at: {what}. Try again; the clip may well be good.",
            retry_after_s=10.0,
        )
