"""Load a Chatterbox Turbo checkpoint, each tensor straight from the mapped file.

The voice encoders, and with them upstream's package, are imported and loaded for the first voice that is
prepared.
"""

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
import torch

from voices.clips.clip import Clip
from voices.errors import InvalidClip
from worker.engine.chatterbox.failure import blaming
from worker.engine.chatterbox.s3gen.s3gen import S3Gen
from worker.engine.chatterbox.s3gen.settings import S3GenSettings
from worker.engine.chatterbox.t3.model import T3
from worker.engine.chatterbox.tokenizer import TextTokenizer
from worker.engine.checkpoint import S3GEN_FILE, T3_FILE, VOICE_ENCODER_FILE
from worker.engine.cores import threads_of_one_core
from worker.engine.phases import Phases
from worker.engine.precision import T3Precision
from worker.engine.weights import open_weights

if TYPE_CHECKING:
    from worker.engine.chatterbox.encoders import VoiceEncoders

MIN_SECONDS = 5.0
"""Upstream's limit: a clip must be longer."""


class VoicePreparer:
    """Computes a voice's conditionals from a clip. Belongs to one thread.

    The first voice also loads the encoders (seconds, 0.5 GB): a worker whose voices are precomputed never
    does. Raises ``EngineFailure`` for a truncated encoder file.
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
        """Upstream's encoders, loaded on first use."""
        if self._encoders is None:
            from worker.engine.chatterbox.encoders import VoiceEncoders

            self._encoders = VoiceEncoders(self._checkpoint, self._device)
        return self._encoders


@dataclass(frozen=True, eq=False)
class ChatterboxModel:
    """A loaded checkpoint, on ``device``."""

    t3: T3
    s3gen: S3Gen
    tokenizer: TextTokenizer
    preparer: VoicePreparer
    device: torch.device


def load_model(
    checkpoint: Path,
    device: torch.device,
    t3_precision: T3Precision = T3Precision.AUTO,
    s3gen_settings: S3GenSettings | None = None,
    phases: Phases | None = None,
) -> ChatterboxModel:
    """Load every part; raises ``EngineFailure`` naming the file that is damaged or not Turbo's.

    S3Gen loads at the same time as T3, on all cores: most of the work is copying, rounding and reordering
    memory, one tensor after another.
    """
    phases = phases or Phases()
    with threads_of_one_core() as threads:
        s3gen = threads.submit(_load_s3gen, checkpoint / S3GEN_FILE, device, s3gen_settings)
        t3 = _load_t3(checkpoint / T3_FILE, device, t3_precision, threads)
        phases.end("T3")
        model = ChatterboxModel(
            t3=t3,
            tokenizer=TextTokenizer(checkpoint, t3.sizes.text_vocabulary),
            preparer=VoicePreparer(checkpoint, device),
            s3gen=s3gen.result(),
            device=device,
        )
        phases.end("S3Gen")
    return model


def _load_t3(file: Path, device: torch.device, precision: T3Precision, threads: Executor) -> T3:
    with blaming(file):
        return T3.load(file, device, precision, threads)


def _load_s3gen(file: Path, device: torch.device, settings: S3GenSettings | None) -> S3Gen:
    with blaming(file), open_weights(file, device) as weights:
        return S3Gen(weights, settings)
