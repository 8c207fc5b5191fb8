"""Prepare voices: upstream is imported, and its encoders loaded, when the first one is."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
import torch

from voices.clips.clip import Clip
from voices.errors import InvalidClip
from worker.engine.chatterbox.failure import blaming
from worker.engine.checkpoint import VOICE_ENCODER_FILE
from worker.engine.weights import open_weights

if TYPE_CHECKING:
    from worker.engine.chatterbox.encoders import VoiceEncoders

MIN_SECONDS = 5.0
"""Upstream's limit: a clip must be longer."""


class VoicePreparer:
    """A clip to a voice's conditionals. Belongs to one thread, which the first voice takes longer.

    A worker that speaks in precomputed voices never pays for the encoders: seconds, and 0.5 GB.
    Raises ``EngineFailure`` for a file of theirs that is cut off.
    """

    def __init__(self, checkpoint: Path, device: torch.device) -> None:
        self._checkpoint = checkpoint
        self._device = device
        self._encoders: VoiceEncoders | None = None
        with blaming(file := checkpoint / VOICE_ENCODER_FILE), open_weights(file, torch.device("cpu")):
            pass

    def prepare(self, clip: Clip) -> dict[str, npt.NDArray[Any]]:
        """Return the conditionals' arrays, named as in ``conditionals.py``.

        Raises ``InvalidClip`` for a clip of 5 s or less, and ``EngineFailure`` naming a file that is
        damaged or not Turbo's.
        """
        if clip.seconds <= MIN_SECONDS:
            raise InvalidClip(
                f"The clip has {clip.seconds:.1f} s of speech: Chatterbox needs more than "
                f"{MIN_SECONDS:.0f} s, and 10 to 15 s are best."
            )
        return self.encoders.encode(clip)

    @property
    def encoders(self) -> "VoiceEncoders":
        """Upstream's encoders, loaded by whoever asks first."""
        if self._encoders is None:
            from worker.engine.chatterbox.encoders import VoiceEncoders

            self._encoders = VoiceEncoders(self._checkpoint, self._device)
        return self._encoders
