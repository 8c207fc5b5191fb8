"""What a client may hear of what the model raises."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError

from voices.errors import ChatterpodError
from worker.errors import DeviceFailure, EngineFailure


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


logger = logging.getLogger(__name__)


def as_failure(error: Exception, task: str) -> ChatterpodError:
    """Return ``error`` where it is for the client, else an ``EngineFailure``: the details go to the log.

    ``task`` says what could not be done: "speak", "be loaded".
    """
    if isinstance(error, ChatterpodError):
        return error
    logger.error("Chatterbox could not %s", task, exc_info=error)
    kind = DeviceFailure if is_of_the_device(error) else EngineFailure
    return kind(f"Chatterbox could not {task} ({type(error).__name__}): the worker's log has the details.")


def is_of_the_device(error: Exception) -> bool:
    """Whether an error is CUDA's own, after which every call fails; too little memory is no such one."""
    return isinstance(error, torch.AcceleratorError | DeviceFailure)
