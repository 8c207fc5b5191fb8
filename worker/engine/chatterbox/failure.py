"""Errors of the model, as clients may see them."""

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
    """Turn errors in reading a file's weights into an ``EngineFailure`` that names the file."""
    try:
        yield
    except (OSError, SafetensorError, RuntimeError, KeyError, ValueError) as error:
        # torch's message lists every tensor that does not fit; it stays in the error's cause.
        name = file.name
        wrong = f"is damaged or is not Chatterbox Turbo's {name} ({type(error).__name__}): download it again."
        raise EngineFailure(f"{file} {wrong}", told=f"The checkpoint's {name} {wrong}") from error


logger = logging.getLogger(__name__)


def as_failure(error: Exception, task: str) -> ChatterpodError:
    """Return ``error`` if it is meant for the client; else log it and return an ``EngineFailure``.

    ``task`` completes the message "Chatterbox could not ...": "speak", "be loaded".
    """
    if isinstance(error, ChatterpodError):
        return error
    logger.error("Chatterbox could not %s", task, exc_info=error)
    kind = DeviceFailure if is_of_the_device(error) else EngineFailure
    return kind(f"Chatterbox could not {task} ({type(error).__name__}): the worker's log has the details.")


def is_of_the_device(error: Exception) -> bool:
    """Whether an error is CUDA's, after which every call fails; running out of memory is not."""
    return isinstance(error, torch.AcceleratorError | DeviceFailure)
