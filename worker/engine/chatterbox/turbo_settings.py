"""How the Turbo engine runs."""

from dataclasses import dataclass, field

from worker.engine.chatterbox.chunk_schedule import ChunkSchedule
from worker.engine.chatterbox.s3gen.settings import S3GenSettings
from worker.engine.precision import T3Precision


@dataclass(frozen=True)
class TurboSettings:
    """The defaults are those of a deployment."""

    device: str = "auto"
    """A torch device, or "auto": CUDA where there is one."""
    precision: T3Precision = T3Precision.AUTO
    """T3's."""
    slots: int | None = None
    """Streams whose tokens are decoded at once; None takes what memory allows."""
    watermark: bool = True
    max_voice_bytes: int = 1 << 30
    """Voices stay on the device while they take no more."""
    samples: S3GenSettings = field(default_factory=S3GenSettings)
    """S3Gen's."""
    schedule: ChunkSchedule | None = None
    """How large audio chunks are; None is the device's own."""
