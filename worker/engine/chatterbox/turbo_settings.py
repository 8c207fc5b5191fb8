"""The settings of the Turbo engine."""

from dataclasses import dataclass, field

from worker.engine.chatterbox.chunk_schedule import ChunkSchedule
from worker.engine.chatterbox.s3gen.settings import S3GenSettings
from worker.engine.precision import T3Precision


@dataclass(frozen=True)
class TurboSettings:
    """The defaults are those of a deployment."""

    device: str = "auto"
    """A torch device, or "auto": CUDA if there is a GPU."""
    t3_precision: T3Precision = T3Precision.AUTO
    slots: int | None = None
    """Streams whose tokens are decoded at once; None takes as many as memory allows."""
    watermark: bool = True
    max_voice_bytes: int = 1 << 30
    """Upper bound of the memory for voices on the device."""
    s3gen: S3GenSettings = field(default_factory=S3GenSettings)
    schedule: ChunkSchedule | None = None
    """The sizes of audio chunks; None takes the device's default."""
