"""Speech tokens to mel: upstream's flow on the tokens that are visible."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from worker.engine.chatterbox.s3gen.affine import key_bias
from worker.engine.chatterbox.s3gen.batch import Buckets, FlowBatch, FlowRow, pad
from worker.engine.chatterbox.s3gen.encoder import FlowEncoder
from worker.engine.chatterbox.s3gen.estimator import Estimator
from worker.engine.chatterbox.s3gen.graphs import Capture, Graphs
from worker.engine.weights import Weights

_MOST_GRAPHS = 64


class Flow:
    """Over upstream's flow of a meanflow checkpoint; ``steps`` Euler steps from noise to mel.

    With ``buckets``, rows of about one length are padded to it and decoded together, which a GPU
    gains by, and with ``capture`` from graphs. Without, each row is decoded by itself: two CPU
    cores are busy with one, and eight together cost them what eight in turn do.
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
        self._graphs = None if capture is None else Graphs(self._run_padded, capture, _MOST_GRAPHS)

    def project_speaker(self, x_vector: Tensor) -> Tensor:
        """Project a voice's x-vector (1, 192) to what the estimator takes, (80,)."""
        return functional.linear(functional.normalize(x_vector.float(), dim=1), *self._project)[0]

    def decode(self, rows: Sequence[FlowRow]) -> list[Tensor]:
        """Return each row's mel without its prompt's: (frames, 80) float32.

        A row's result does not depend on the other rows, but for rounding.
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
        """Return the mel (batch, frames, 80) float32, the prompt's at its beginning."""
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
