"""Saving a request's audio to a file, which appears once it is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from client.errors import ResultElsewhere
from client.flac import close_flac_header
from client.wav import close_wav_header

# The one module of voices/ that the client uses; it stands on Python alone.
from voices.whole_file import WholeFile

if TYPE_CHECKING:
    from pathlib import Path

    from client.stream import SpeechStream


class AudioFile(WholeFile):
    """Takes a request's audio; a context manager, after which a file that was not completed is gone."""

    def __init__(self, path: Path | str, stream: SpeechStream) -> None:
        super().__init__(path)
        self._stream = stream

    def complete(self) -> None:
        """Write the length into a header that left it open, and let the file appear.

        Raise ResultElsewhere where the audio was asked for in one event and was too large for that.
        """
        if self.file.closed:
            return
        start, end = self._stream.start, self._stream.end
        if end is not None and not end.chunks and "result" in end.extra:
            raise ResultElsewhere(end.extra["result"])
        close_wav_header(self.file)
        if start is not None and end is not None:
            close_flac_header(self.file, round(end.audio_seconds * start.sample_rate))
        super().complete()
