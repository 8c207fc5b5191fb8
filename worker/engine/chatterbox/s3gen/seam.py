"""The border between two decodes of the flow, made even in the mel, before there are samples."""

import torch
from torch import Tensor


def join(mel: Tensor, again: int, before: Tensor | None, frames: int) -> Tensor:
    """Return the new frames of a decode, (n, 80), so that they go on from the frame ``before`` them.

    The flow attends in both directions: with more tokens to see, it decodes a frame otherwise than
    before. mel (again + n, 80) has decoded the last frame anew; by what it differs there from what
    was given out, ``before`` (1, 80), the new frames differ at first, and after ``frames`` frames
    not at all. Nothing that was given out changes, and nothing waits.
    """
    new = mel[again:]
    if before is None or again == 0 or frames == 0:
        return new
    count = min(frames, len(new))
    fade = 1 - torch.arange(1, count + 1, device=mel.device) / (frames + 1)
    eased = new[:count] + fade[:, None] * (before - mel[again - 1 : again])
    return torch.cat([eased, new[count:]])
