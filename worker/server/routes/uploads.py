"""Uploaded clips, which are joined into one reference clip."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from voices.clips.clip import Clip
from voices.clips.preparation import PreparedClip, check_number, prepare_clip
from voices.clips.untrusted import decode_untrusted
from voices.errors import InvalidClip


@dataclass(frozen=True)
class Upload:
    """An uploaded file of a form."""

    name: str
    read: Callable[[], Awaitable[bytes]]
    """Returns the file's bytes; a large file is on disk until then."""


async def prepare_uploads(uploads: Sequence[Upload]) -> PreparedClip:
    """Make one reference clip of all files, as ``voices add`` does; raises ``InvalidClip``.

    An error about one of several files begins with the file's name.
    """
    check_number(len(uploads))  # each takes a process to decode, and keeps its memory until all are decoded
    if len(uploads) == 1:
        data = await uploads[0].read()
        return await asyncio.to_thread(lambda: prepare_clip(decode_untrusted(data)))
    clips = [await asyncio.to_thread(_named, upload.name, await upload.read()) for upload in uploads]
    return await asyncio.to_thread(prepare_clip, clips)


def _named(name: str, data: bytes) -> Clip:
    try:
        clip = decode_untrusted(data)
    except InvalidClip as error:
        raise InvalidClip(f"{name}: {error.message}", reason=error.reason) from error
    assert clip.source is not None  # noqa: S101  # set by the decoder
    return replace(clip, source=replace(clip.source, name=name))
