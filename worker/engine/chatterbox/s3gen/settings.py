"""How S3Gen decodes: what it costs, and how far it may differ from decoding all at once."""

from dataclasses import dataclass

from worker.engine.chatterbox.s3gen.batch import FRAMES_PER_TOKEN, LOOKAHEAD
from worker.engine.precision import S3GenPrecision


@dataclass(frozen=True)
class DecoderSettings:
    """Read-only for the life of a decoder; raises ``ValueError`` for what cannot be."""

    prompt_tokens: int = 250
    """Speech tokens of the voice's prompt that every decode sees, at most: the last ones. 250 is the
    10 s of stock. Fewer make every decode cheaper, the first most (100: a third of the time), and
    copy the voice from less of the clip: how well, only real weights tell."""
    left_tokens: int = 25
    """Speech tokens before the new ones that are decoded again to lead into them: a second. With
    random weights none at all differs from one decode of everything by up to 2.5 dB in a frame, 10
    and more by up to 1 dB, most of it where a stream begins (``scripts/bench s3gen_seams``)."""
    flow_steps: int = 2
    """Euler steps from noise to mel: 2 as stock Turbo, or 1 in about half the time."""
    vocoder_lookahead: int = 10
    """Mel frames that must follow a sample before it is made. 20 are exact by construction; with
    random weights 10 differ by 1e-4 of the signal at most, 8 by 3e-3, 4 by 7e-2."""
    seam_frames: int = 4
    """Mel frames over which the difference between two decodes fades at their border."""
    flow_precision: S3GenPrecision = "auto"
    """bfloat16 where the processor has it, else float32; for parity with stock, float32."""
    vocoder_precision: S3GenPrecision = "float32"
    """bfloat16 is a little faster, with noise 44 dB below the signal."""
    graphs: bool = True
    """On CUDA, capture the flow once per shape and replay it."""

    @property
    def held_back_tokens(self) -> int:
        """Return how many speech tokens must follow one before all of its samples are made."""
        return LOOKAHEAD + -(-self.vocoder_lookahead // FRAMES_PER_TOKEN)

    def __post_init__(self) -> None:
        for name, least in (
            ("prompt_tokens", 1),
            ("left_tokens", 0),
            ("flow_steps", 1),
            ("vocoder_lookahead", 0),
            ("seam_frames", 0),
        ):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be at least {least}")
