"""Where a command finds and puts voices."""

import os
from collections.abc import Sequence

from voices.registry import VoiceRegistry, voices_dirs
from voices.targets import open_store


def open_registries(targets: Sequence[str] | None, endpoint_url: str | None) -> list[VoiceRegistry]:
    """Open the targets that were named, else those of the environment; see ``options.Targets``."""
    named = list(targets or ()) or os.environ.get("VOICES_TARGETS", "").split() or [str(voices_dirs()[0])]
    return [VoiceRegistry(open_store(target, endpoint_url=endpoint_url)) for target in named]
