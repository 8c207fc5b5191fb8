"""Speech tokens to mel: upstream's flow on the tokens that are visible, several rows in one call."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from worker.engine.s3gen.affine import key_bias
from worker.engine.s3gen.batch import FlowBatch, FlowRow, batch_rows
from worker.engine.s3gen.encoder import FlowEncoder
from worker.engine.s3gen.estimator import Estimator


class Flow:
    """Over upstream's flow of a meanflow checkpoint; ``steps`` Euler steps from noise to mel."""

    def __init__(self, flow: Any, steps: int, dtype: torch.dtype) -> None:
        self._encode = FlowEncoder(flow, dtype)
        self._estimate = Estimator(flow.decoder.estimator, steps, dtype)
        self._steps = steps
        self._project = flow.spk_embed_affine_layer
        self._dtype = dtype

    def project_speaker(self, x_vector: Tensor) -> Tensor:
        """Project a voice's x-vector (1, 192) to what the estimator takes, (80,)."""
        projected: Tensor = self._project(functional.normalize(x_vector.float(), dim=1))
        return projected[0]

    def decode(self, rows: Sequence[FlowRow]) -> list[Tensor]:
        """Return each row's mel without its prompt's: (frames, 80) float32.

        A row's result does not depend on the other rows, but for rounding.
        """
        if not rows:
            return []
        mel = self.run(batch_rows(rows))
        return [mel[index, len(row.prompt_mel) : row.frames] for index, row in enumerate(rows)]

    def run(self, batch: FlowBatch) -> Tensor:
        """Return the mel (batch, frames, 80) float32, the prompt's at its beginning."""
        count = batch.noise.shape[1]
        encoded = self._encode(batch.tokens, batch.lengths)[:, :count]
        speaker = batch.speaker.to(self._dtype)[:, None].expand(-1, count, -1)
        conditions = torch.cat([encoded, speaker, batch.prompt_mel.to(self._dtype)], dim=-1)
        bias = None if batch.frames is None else key_bias(batch.frames, count, self._dtype)
        mel = batch.noise
        for step in range(self._steps):
            mel = mel + self._estimate(mel.to(self._dtype), conditions, step, bias).float() / self._steps
        return mel
