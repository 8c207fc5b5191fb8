"""A file that appears once it is complete."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from client.errors import ResultElsewhere
from client.flac import close_flac_header
from client.wav import close_wav_header

if TYPE_CHECKING:
    from types import TracebackType

    from client.stream import SpeechStream


class AudioFile:
    """Takes a request's audio; a context manager, after which a file that was not completed is gone."""

    def __init__(self, path: Path | str, stream: SpeechStream) -> None:
        self._target = Path(path)
        self._partial = self._target.with_name(f".{self._target.name}.{id(self):x}.part")
        self._file = self._partial.open("wb")
        self._stream = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._partial.unlink(missing_ok=True)

    def write(self, audio: bytes) -> None:
        """Add audio."""
        self._file.write(audio)

    def complete(self) -> Path:
        """Write the length into a header that left it open, and return the path, where the file is now.

        Raise ResultElsewhere where the audio was asked for in one event and was too large for that.
        """
        self._file.close()
        start, end = self._stream.start, self._stream.end
        if end is not None and not end.chunks and "result" in end.extra:
            raise ResultElsewhere(end.extra["result"])
        close_wav_header(self._partial)
        if start is not None and end is not None:
            close_flac_header(self._partial, round(end.audio_seconds * start.sample_rate))
        return self._partial.replace(self._target)
