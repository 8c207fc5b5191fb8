"""Load what speaks of a Chatterbox Turbo checkpoint, each tensor straight from the mapped file."""

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import torch

from worker.engine.chatterbox.failure import blaming
from worker.engine.chatterbox.preparation import VoicePreparer
from worker.engine.chatterbox.s3gen.decoder import SpeechDecoder
from worker.engine.chatterbox.s3gen.settings import DecoderSettings
from worker.engine.chatterbox.t3.model import T3
from worker.engine.chatterbox.tokenizer import TextTokenizer
from worker.engine.checkpoint import S3GEN_FILE, T3_FILE
from worker.engine.cores import threads_of_one_core
from worker.engine.phases import Phases
from worker.engine.precision import T3Precision
from worker.engine.weights import open_weights


@dataclass(frozen=True, eq=False)
class ChatterboxModel:
    """All that a checkpoint's files become, on ``device``."""

    t3: T3
    s3gen: SpeechDecoder
    tokenizer: TextTokenizer
    preparer: VoicePreparer
    device: torch.device


def load_model(
    checkpoint: Path,
    device: torch.device,
    precision: T3Precision = T3Precision.AUTO,
    samples: DecoderSettings | None = None,
    phases: Phases | None = None,
) -> ChatterboxModel:
    """Load every part; raises ``EngineFailure`` naming the file that is damaged or not Turbo's.

    S3Gen is made while T3 is, on every core: most of it is memory that is copied, rounded and laid
    out anew, one tensor after another.
    """
    phases = phases or Phases()
    with threads_of_one_core() as threads:
        s3gen = threads.submit(_load_s3gen, checkpoint / S3GEN_FILE, device, samples)
        t3 = _load_t3(checkpoint / T3_FILE, device, precision, threads)
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


def _load_s3gen(file: Path, device: torch.device, settings: DecoderSettings | None) -> SpeechDecoder:
    with blaming(file), open_weights(file, device) as weights:
        return SpeechDecoder(weights, settings)
