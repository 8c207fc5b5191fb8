"""Clips that were sent: whatever they hold, a reference clip is made of them or a sentence says why not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from voices.clip import Clip
from voices.errors import InvalidClip
from voices.preparation import PreparedClip, check_number, prepare_clip
from voices.untrusted import decode_untrusted


@dataclass(frozen=True)
class Upload:
    """A file of a form."""

    name: str
    data: bytes


def prepare_uploads(uploads: Sequence[Upload]) -> PreparedClip:
    """Make one reference clip of all files, as ``voices add`` does; raises ``InvalidClip``.

    What is said of one of several names it.
    """
    check_number(len(uploads))  # each takes a process to decode, and its memory until all are
    if len(uploads) == 1:
        return prepare_clip(decode_untrusted(uploads[0].data))
    return prepare_clip([_named(upload) for upload in uploads])


def _named(upload: Upload) -> Clip:
    try:
        clip = decode_untrusted(upload.data)
    except InvalidClip as error:
        raise InvalidClip(f"{upload.name}: {error.message}", reason=error.reason) from error
    assert clip.source is not None  # noqa: S101  # what was decoded has a source
    return replace(clip, source=replace(clip.source, name=upload.name))
