"""S3Gen's settings: what rendering costs, and how far it may differ from rendering all tokens at once."""

from dataclasses import dataclass

from worker.engine.chatterbox.s3gen.batch import FRAMES_PER_TOKEN, LOOKAHEAD
from worker.engine.precision import S3GenPrecision


@dataclass(frozen=True)
class S3GenSettings:
    """Constant for the life of an ``S3Gen``; raises ``ValueError`` for a number below its minimum."""

    prompt_tokens: int = 250
    """Upper bound of the voice's prompt, in speech tokens; its last ones are kept. 250 is stock's 10 s.
    Every call includes the prompt, so a shorter one makes each call cheaper, the first most (100: a
    third of the time). It also copies the voice from less of the clip; only real weights tell how well."""
    left_tokens: int = 25
    """Speech tokens before the new ones that are rendered again to lead into them: 1 s. With random
    weights 0 differs from one call over all tokens by up to 2.5 dB in a frame, and 10 or more by up to
    1 dB, mostly where a stream begins (``scripts/bench s3gen_seams``)."""
    flow_steps: int = 2
    """Euler steps from noise to mel: 2 as in stock Turbo, or 1 in about half the time."""
    vocoder_lookahead: int = 10
    """Mel frames that must follow a sample before it is made. 20 is exact by construction; with random
    weights 10 differs by at most 1e-4 of the signal, 8 by 3e-3, 4 by 7e-2."""
    seam_frames: int = 4
    """Mel frames over which the difference between two calls fades at their border."""
    flow_precision: S3GenPrecision = "auto"
    """"auto" is bfloat16 where the device multiplies it natively, else float32; parity with stock needs
    float32."""
    vocoder_precision: S3GenPrecision = "float32"
    """bfloat16 is slightly faster, with noise 44 dB below the signal."""
    graphs: bool = True
    """Whether a GPU captures the flow once per shape and replays it."""

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
