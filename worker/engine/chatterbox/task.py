"""A text chunk under way in the model: what it has, and what its next audio chunk is."""

from dataclasses import dataclass
from typing import NamedTuple

from worker.engine.chatterbox.chunk_schedule import ChunkSchedule
from worker.engine.chatterbox.s3gen.batch import LOOKAHEAD, SPEECH_VOCABULARY
from worker.engine.chatterbox.s3gen.decoder import Decode
from worker.engine.chatterbox.s3gen.stream import SpeechStream
from worker.engine.chatterbox.speech import Speech
from worker.engine.chatterbox.t3.scheduler import Utterance


@dataclass(eq=False)
class Task:
    """What the request waits for, and its halves in T3 and S3Gen. Belongs to the model's thread."""

    speech: Speech
    utterance: Utterance
    stream: SpeechStream
    given: int = 0
    """How many of the utterance's tokens S3Gen has."""

    def due(self, schedule: ChunkSchedule) -> "Share | None":
        """Return what S3Gen is to decode now; None while that is nothing."""
        if not self.speech.is_read:
            return None
        left = len(self.utterance.tokens) - self.given
        if self.speech.delivery.whole:
            return Share(left, final=True) if self.utterance.has_ended else None
        enough = self._wanted(schedule) + LOOKAHEAD - self.stream.undecoded
        if left >= enough:
            # As many as were wanted and no more, where the same seed is to sound the same however
            # the decoding of others went.
            return Share(enough if self.speech.is_reproducible else left, final=False)
        return Share(left, final=True) if self.utterance.has_ended else None

    def _wanted(self, schedule: ChunkSchedule) -> int:
        speech = self.speech
        buffered = None if speech.is_reproducible else speech.delivery.playback.buffered_seconds
        return schedule.tokens(speech.audio_chunks_before, buffered)

    def decode(self, share: "Share") -> Decode:
        """Hand the share over: it is S3Gen's from now on."""
        new = self.utterance.tokens[self.given : self.given + share.tokens]
        self.given += share.tokens
        # What starts and stops speech is no sound.
        return Decode(self.stream, [token for token in new if token < SPEECH_VOCABULARY], share.final)


class Share(NamedTuple):
    """The utterance's next tokens."""

    tokens: int
    final: bool
    """Whether none come after them."""
