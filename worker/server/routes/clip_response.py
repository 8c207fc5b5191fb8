"""A reference clip as a response, sent from a local file, since a volume may hang meanwhile."""

import asyncio
import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send
from typing_extensions import override

from voices.errors import StoreFailure

CLIP_MIMES = {
    ".flac": "audio/flac",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
}
"""Media types of reference clips by file suffix."""


class ClipResponse(FileResponse):
    """Sends bytes, or the part of them that ``Range`` asks for, from a temporary file.

    The response ends if the client stalls for ``stall_s``. Sending raises ``StoreFailure`` if the disk is
    full.
    """

    def __init__(self, data: bytes, media_type: str, name: str, stall_s: float) -> None:
        super().__init__("", media_type=media_type, filename=name, content_disposition_type="inline")
        self._data = data
        self._stall_s = stall_s

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def taken(message: Message) -> None:
            async with asyncio.timeout(self._stall_s):
                await send(message)

        data, self._data = self._data, b""
        clip, sha256 = await asyncio.to_thread(_put, data)
        del data
        self.path, self.headers["ETag"] = clip, f'"{sha256}"'
        try:
            with suppress(TimeoutError):
                await super().__call__(scope, receive, taken)
        finally:
            await asyncio.to_thread(clip.unlink, missing_ok=True)


def _put(data: bytes) -> tuple[Path, str]:
    """Write a clip to a new file; return its path and the clip's SHA-256."""
    handle, name = tempfile.mkstemp(prefix="chatterpod-clip-")
    os.close(handle)
    clip = Path(name)
    try:
        clip.write_bytes(data)
    except OSError as error:
        clip.unlink()
        raise StoreFailure.of(error, "keep the clip in", clip.parent, "TMPDIR") from error
    return clip, hashlib.sha256(data).hexdigest()
