"""A reference clip as an answer: from this machine's own disk, since a volume may hang while it is sent."""

import asyncio
import hashlib
import os
import tempfile

from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send
from typing_extensions import override


class ClipResponse(FileResponse):
    """Sends bytes, or the part of them that ``Range`` asks for, by a file that is there meanwhile."""

    def __init__(self, data: bytes, media_type: str, name: str) -> None:
        super().__init__(
            "",
            headers={"ETag": f'"{hashlib.sha256(data).hexdigest()}"'},
            media_type=media_type,
            filename=name,
            content_disposition_type="inline",
        )
        self._data = data

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.path = await asyncio.to_thread(_write, self._data)
        try:
            await super().__call__(scope, receive, send)
        finally:
            await asyncio.to_thread(os.unlink, self.path)


def _write(data: bytes) -> str:
    with tempfile.NamedTemporaryFile(prefix="chatterpod-clip-", delete=False) as file:
        file.write(data)
    return file.name
