"""Speech tokens to mel: upstream's flow over the tokens that a call sees."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from worker.engine.chatterbox.s3gen.affine import key_bias
from worker.engine.chatterbox.s3gen.batch import Buckets, FlowBatch, FlowRow, pad
from worker.engine.chatterbox.s3gen.encoder import FlowEncoder
from worker.engine.chatterbox.s3gen.estimator import Estimator
from worker.engine.cuda_graphs import Capture, GraphsByShape
from worker.engine.weights import Weights

_MOST_GRAPHS = 64


class Flow:
    """Upstream's flow of a meanflow checkpoint; ``steps`` Euler steps from noise to mel.

    With ``buckets``, rows of similar length are padded to one and rendered together, which is faster on
    a GPU; with ``capture``, also from CUDA graphs. Without, each row is rendered by itself: two CPU cores
    are busy with one row, and eight rows together take as long as eight in turn.
    """

    def __init__(
        self,
        flow: Weights,
        steps: int,
        dtype: torch.dtype,
        *,
        buckets: Buckets | None = None,
        capture: Capture | None = None,
    ) -> None:
        self._encode = FlowEncoder(flow, dtype)
        self._estimate = Estimator(flow.under("decoder.estimator"), steps, dtype)
        self._steps = steps
        project = flow.under("spk_embed_affine_layer")
        self._project = project.own("weight"), project.own("bias")
        self._dtype = dtype
        self._buckets = buckets
        self._graphs = None if capture is None else GraphsByShape(self._run_padded, capture, _MOST_GRAPHS)

    def project_speaker(self, x_vector: Tensor) -> Tensor:
        """Project a voice's x-vector (1, 192) to the estimator's input, (80,)."""
        return functional.linear(functional.normalize(x_vector.float(), dim=1), *self._project)[0]

    def render(self, rows: Sequence[FlowRow]) -> list[Tensor]:
        """Return each row's mel without its prompt's: (frames, 80) float32.

        Apart from rounding, a row's result does not depend on the other rows.
        """
        if self._buckets is None:
            mels = [self.run(pad([row], len(row.tokens), row.frames), padded=False)[0] for row in rows]
        else:
            mels = [row.noise for row in rows]
            run = self._graphs or self._run_padded
            for indices, batch in self._buckets.sort(rows):
                for index, mel in zip(indices, run(batch), strict=False):
                    mels[index] = mel
        return [mel[len(row.prompt_mel) : row.frames] for row, mel in zip(rows, mels, strict=True)]

    def run(self, batch: FlowBatch, *, padded: bool) -> Tensor:
        """Return the mel (batch, frames, 80) float32, beginning with the prompt's."""
        count = batch.noise.shape[1]
        encoded = self._encode(batch.tokens, batch.lengths if padded else None)[:, :count]
        speaker = batch.speaker.to(self._dtype)[:, None].expand(-1, count, -1)
        conditions = torch.cat([encoded, speaker, batch.prompt_mel.to(self._dtype)], dim=-1)
        bias = key_bias(batch.frames, count, self._dtype) if padded else None
        mel = batch.noise
        for step in range(self._steps):
            mel = mel + self._estimate(mel.to(self._dtype), conditions, step, bias).float() / self._steps
        return mel

    def _run_padded(self, batch: Sequence[Tensor]) -> Tensor:
        return self.run(FlowBatch(*batch), padded=True)


def continue_mel(mel: Tensor, again: int, before: Tensor | None, frames: int) -> Tensor:
    """Return a call's new frames (n, 80), eased so that they continue from the frame ``before`` them.

    The flow attends in both directions, so a call that sees more tokens renders a frame differently.
    mel (again + n, 80) begins with ``again`` frames that were rendered before. The last of these differs
    from ``before`` (1, 80), the frame that was output; that difference is added to the new frames and
    fades over ``frames`` of them. Output frames never change, and none is delayed.
    """
    new = mel[again:]
    if before is None or again == 0 or frames == 0:
        return new
    count = min(frames, len(new))
    fade = 1 - torch.arange(1, count + 1, device=mel.device) / (frames + 1)
    eased = new[:count] + fade[:, None] * (before - mel[again - 1 : again])
    return torch.cat([eased, new[count:]])
