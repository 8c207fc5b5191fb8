"""What a client may hear of what the model raises."""

import logging

import torch

from voices.errors import ChatterpodError
from worker.errors import DeviceFailure, EngineFailure

logger = logging.getLogger(__name__)


def as_failure(error: Exception, task: str) -> ChatterpodError:
    """Return ``error`` where it is for the client, else an ``EngineFailure``: the details go to the log.

    ``task`` says what could not be done: "speak", "be loaded".
    """
    if isinstance(error, ChatterpodError):
        return error
    logger.error("Chatterbox could not %s", task, exc_info=error)
    # After an error of CUDA's own every later call in the process fails too; too little memory is none.
    kind = DeviceFailure if isinstance(error, torch.AcceleratorError) else EngineFailure
    return kind(f"Chatterbox could not {task} ({type(error).__name__}): the worker's log has the details.")
