"""The checkpoint: where the engine finds its weights, and whether they are complete."""

from collections.abc import Iterator
from pathlib import Path

from worker.doctor.finding import GIGABYTE, Finding, Subject, fault, ok, warning
from worker.engine.chatterbox.fingerprint import encoders_fingerprint
from worker.engine.checkpoint import BUILT_IN_VOICE_FILE, REPO_ID, find_checkpoint, require_checkpoint
from worker.errors import CheckpointMissing

_TURBO = "chatterbox-turbo"
_GET_IT = (
    f"Choose {REPO_ID} as the endpoint's cached model, run `hf download {REPO_ID}`, or set MODEL_DIR "
    "to the directory of the weights."
)


def check_checkpoint(subject: Subject) -> Iterator[Finding]:
    """Report where the weights are, or all places searched."""
    settings = subject.settings
    if settings.engine == "preview":
        yield ok("checkpoint", "not checked: the preview engine has none")
        return
    try:
        checkpoint = require_checkpoint(settings.model_dir, download=False)
    except CheckpointMissing as error:
        if settings.model_dir is not None:
            yield fault("checkpoint", error.message, _GET_IT)
        elif settings.engine == _TURBO:
            yield warning(
                "checkpoint", f"{_looked(error)} The worker would download 3 GB when it starts.", _GET_IT
            )
        else:
            yield warning(
                "checkpoint",
                f"{_looked(error)} ENGINE=auto chooses the preview engine, which does not clone voices.",
                _GET_IT,
            )
        return
    yield from _whole(checkpoint)


def fingerprint_here(subject: Subject) -> str | None:
    """Return the required fingerprint of conditionals; None if Chatterbox cannot run."""
    if subject.settings.engine == "preview":
        return None
    try:
        checkpoint = find_checkpoint(subject.settings.model_dir)
        return None if checkpoint is None else encoders_fingerprint(_TURBO, checkpoint)
    except (CheckpointMissing, OSError):
        return None


def _looked(error: CheckpointMissing) -> str:
    """Return the first sentence of the message, without its remedy."""
    return f"{error.message.partition('. ')[0]}."


def _whole(checkpoint: Path) -> Iterator[Finding]:
    try:
        size = sum(file.stat().st_size for file in checkpoint.iterdir())
        fingerprint = encoders_fingerprint(_TURBO, checkpoint)
    except OSError as error:
        yield fault(
            "checkpoint",
            f"{checkpoint} cannot be read: {error.strerror or error}",
            "Mend its rights or its disk.",
        )
        return
    yield ok("checkpoint", f"{checkpoint}, {size / GIGABYTE:.1f} GB, fingerprint {fingerprint}")
    if not (checkpoint / BUILT_IN_VOICE_FILE).is_file():
        yield warning(
            "built-in voice",
            f"{checkpoint} has no {BUILT_IN_VOICE_FILE}: requests without a voice_id are refused",
            f"Download {BUILT_IN_VOICE_FILE} too, or name a voice in each request.",
        )
