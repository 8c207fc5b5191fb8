"""The events that answer one request."""

import hashlib
import time
from collections.abc import Callable, Iterator

from worker.errors import TextTooLong
from worker.events import AudioEvent, EndEvent, Event, ProgressEvent, StartEvent
from worker.progress import Progress
from worker.request import SpeechRequest
from worker.results.overflow import NoPlace, Overflow
from worker.results.place import StoredResult
from worker.settings import MEBIBYTE
from worker.speaking import EncodedAudio, Speaking
from worker.timeline import SpokenText
from worker.voice_cache import LoadedVoice

PROGRESS_SECONDS = 5.0
"""From one progress event to the next."""


class Answer:
    """Makes events of a request's speech, and counts what they carry.

    Streamed audio goes into events as it comes; the whole is put into one at the end, unless it has
    overflowed into a file: then progress events tell how far it is.
    """

    def __init__(
        self,
        request: SpeechRequest,
        voice: LoadedVoice,
        speaking: Speaking,
        progress: Progress,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._request = request
        self._voice = voice
        self._speaking = speaking
        self._progress = progress
        self._clock = clock
        self._told_at = clock()
        self._sent_bytes = hashlib.sha256()
        self._sent = 0
        self._bytes = 0
        self._sent_seconds = 0.0
        self.seconds = 0.0
        """Of audio so far, sent or not."""

    def start(self, engine_name: str, ignored: list[str]) -> StartEvent:
        """Return the first event."""
        output = self._speaking.output
        return StartEvent(
            request_id=self._progress.request_id,
            voice_id=self._voice.voice_id,
            engine=engine_name,
            format=output.name,
            mime=output.mime,
            sample_rate=output.sample_rate,
            channels=1,
            ignored=ignored,
        )

    def pieces(self, limit: int) -> Iterator[Event]:
        """Yield all audio as it comes, streamed or not, and keep none of it; raises ``TextTooLong``."""
        for share in self._shares():
            self._bytes += len(share.encoded)
            if self._bytes > limit:
                raise TextTooLong(
                    f"{self._more_than(limit)} answer may have here: send the text in parts, or ask for "
                    "mp3 or opus."
                )
            yield from self._progress.passed_on(self._event(share))

    def audio(self, overflow: Overflow, limit: int) -> Iterator[Event]:
        """Yield what comes between the first event and the last; raises ``TextTooLong``."""
        texts: list[SpokenText] = []
        for share in self._shares():
            try:
                overflow.write(share.encoded)
            except NoPlace:
                raise self._too_long(limit) from None
            if self._request.stream:
                yield from self._progress.passed_on(self._event(share))
            else:
                texts += share.text
                yield from self._told(texts)
        if not self._request.stream and (whole := overflow.held):
            yield self._event(EncodedAudio(self.seconds, whole, texts))

    def end(self, result: StoredResult | None) -> EndEvent:
        """Return the last event."""
        seconds = self.seconds if result is None else result.audio_seconds
        return EndEvent(
            chunks=self._sent,
            audio_seconds=round(seconds, 6),
            sha256=self._sent_bytes.hexdigest(),
            metrics=self._progress.metrics(self.seconds, self._voice.source, self._speaking.playback),
            result=result,
        )

    def _shares(self) -> Iterator[EncodedAudio]:
        """Yield the audio as it comes."""
        for share in self._speaking.encoded():
            self._progress.note_audio()
            self._speaking.playback.note(share.seconds)
            self.seconds += share.seconds
            yield share

    def _event(self, share: EncodedAudio) -> AudioEvent:
        event = AudioEvent(
            index=self._sent,
            offset_s=round(self._sent_seconds, 6),
            seconds=round(share.seconds, 6),
            audio=share.encoded,
            text=share.text,
        )
        self._sent += 1
        self._sent_seconds += share.seconds
        self._sent_bytes.update(share.encoded)
        return event

    def _told(self, texts: list[SpokenText]) -> Iterator[ProgressEvent]:
        if texts and self._clock() - self._told_at >= PROGRESS_SECONDS:
            self._told_at = self._clock()
            yield ProgressEvent(
                characters=texts[-1].end,
                total_characters=len(self._request.text),
                audio_seconds=round(self.seconds, 3),
            )

    def _too_long(self, limit: int) -> TextTooLong:
        return TextTooLong(
            f"{self._more_than(limit)} result may have, and this worker has no place for larger ones: attach "
            "a network volume, set RESULTS_DIR or the BUCKET_ variables, send the text in parts, or ask for "
            "mp3 or opus."
        )

    def _more_than(self, limit: int) -> str:
        return (
            f"text: its speech as {self._request.format} is more than the {limit / MEBIBYTE:.1f} MB that one"
        )
