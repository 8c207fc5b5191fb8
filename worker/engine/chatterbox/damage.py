"""Which file of a checkpoint is at fault."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from worker.errors import EngineFailure


@contextmanager
def blaming(file: Path) -> Iterator[None]:
    """Raise an ``EngineFailure`` that names the file for what reading its weights raises."""
    try:
        yield
    except (OSError, SafetensorError, RuntimeError, KeyError, ValueError) as error:
        # torch's message lists every tensor that does not fit: it stays in the cause.
        name = file.name
        wrong = f"is damaged or is not Chatterbox Turbo's {name} ({type(error).__name__}): download it again."
        raise EngineFailure(f"{file} {wrong}", told=f"The checkpoint's {name} {wrong}") from error
