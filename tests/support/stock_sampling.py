"""Stock's sampling rules from transformers, and batched sampling options for ours."""

import torch
from torch import Tensor
from transformers.generation.logits_process import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from worker.engine.chatterbox.t3.sampling import Sampling, SamplingRows

VOCABULARY = 6563


def rows_of(samplings: list[Sampling]) -> SamplingRows:
    rows = SamplingRows.allocate(len(samplings), torch.device("cpu"))
    for row, sampling in enumerate(samplings):
        rows.set(row, sampling)
    return rows


def stock_scores(logits: Tensor, ids: Tensor, sampling: Sampling) -> Tensor:
    """Apply transformers' processors as stock's ``inference_turbo`` chains them: (1, v) to (1, v)."""
    rules = LogitsProcessorList()
    if sampling.temperature > 0 and sampling.temperature != 1.0:
        rules.append(TemperatureLogitsWarper(sampling.temperature))
    if sampling.top_k > 0:
        rules.append(TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1.0:
        rules.append(TopPLogitsWarper(sampling.top_p))
    if sampling.repetition_penalty != 1.0:
        rules.append(RepetitionPenaltyLogitsProcessor(sampling.repetition_penalty))
    processed: Tensor = rules(ids, logits)
    return processed
