"""Choose the engine: the one that the ``ENGINE`` setting names, or the best one installed."""

import logging
from importlib.util import find_spec
from pathlib import Path

from voices.extras import how_to_install
from worker.engine.base import Engine
from worker.engine.checkpoint import find_checkpoint, read_ahead, require_checkpoint
from worker.engine.phases import Phases
from worker.errors import EngineFailure
from worker.settings import MEBIBYTE, Settings

log = logging.getLogger(__name__)


def open_engine(settings: Settings) -> Engine:
    """Load the engine; raises ``EngineFailure`` or ``CheckpointMissing``, which name what is missing.

    ``auto`` falls back to preview, which does not clone, so a production image names its engine.
    """
    match settings.engine:
        case "preview":
            return _preview()
        case "chatterbox-turbo":
            _require_chatterbox()  # before downloading 3 GB for it
            return _chatterbox_turbo(require_checkpoint(settings.model_dir), settings)
        case "auto":
            return _best(settings)


def name_engine(settings: Settings) -> str:
    """Name the engine that ``open_engine`` would load, without loading it."""
    if settings.engine != "auto":
        return settings.engine
    is_here = find_checkpoint(settings.model_dir) is not None and _is_chatterbox_installed()
    return "chatterbox-turbo" if is_here else "preview"


def _best(settings: Settings) -> Engine:
    checkpoint = find_checkpoint(settings.model_dir)
    if checkpoint is None:
        log.warning("no Chatterbox checkpoint found: speaking with the preview engine, which does not clone")
        return _preview()
    if not _is_chatterbox_installed():
        log.warning(
            "found a checkpoint at %s, but Chatterbox's packages are not installed: "
            "speaking with the preview engine, which does not clone; to install them: %s",
            checkpoint,
            how_to_install("worker", "chatterbox"),
        )
        return _preview()
    return _chatterbox_turbo(checkpoint, settings)


def _preview() -> Engine:
    from worker.engine.preview.engine import PreviewEngine

    return PreviewEngine()


def _chatterbox_turbo(checkpoint: Path, settings: Settings) -> Engine:
    phases = Phases()
    phases.end("Python")
    read_ahead(checkpoint)
    from worker.engine.chatterbox.chunk_schedule import TOKENS_PER_SECOND
    from worker.engine.cores import leave_the_cores_to_the_model

    phases.end("torch")
    leave_the_cores_to_the_model()  # before the imports below, which compute
    from worker.engine.chatterbox.s3gen.settings import S3GenSettings
    from worker.engine.chatterbox.turbo import ChatterboxTurbo
    from worker.engine.chatterbox.turbo_settings import TurboSettings
    from worker.engine.precision import T3Precision

    phases.end("imports")
    engine = ChatterboxTurbo(
        checkpoint,
        TurboSettings(
            device=settings.device,
            t3_precision=T3Precision(settings.t3_precision),
            slots=settings.decode_slots,
            watermark=settings.watermark,
            max_voice_bytes=settings.device_voice_cache_mb * MEBIBYTE,
            s3gen=S3GenSettings(
                prompt_tokens=round(settings.prompt_seconds * TOKENS_PER_SECOND),
                left_tokens=round(settings.left_context_seconds * TOKENS_PER_SECOND),
                flow_steps=settings.flow_steps,
                flow_precision=settings.s3gen_precision,
            ),
        ),
        phases,
    )
    log.info("%s is ready after %s", engine.name, phases)
    return engine


def _require_chatterbox() -> None:
    if not _is_chatterbox_installed():
        missing = "Chatterbox's packages are not installed here: set ENGINE=preview, or install"
        raise EngineFailure(
            f"{missing} them by: {how_to_install('worker', 'chatterbox')}",
            told=f"{missing} the extras worker and chatterbox.",
        )


def _is_chatterbox_installed() -> bool:
    return find_spec("chatterbox") is not None and find_spec("torch") is not None
