"""Rows of the flow in batches of few shapes."""

import torch

from worker.engine.chatterbox.s3gen.batch import Buckets, FlowRow


def rows(*lengths):
    return [
        FlowRow(torch.full((n,), i), torch.zeros(4, 80), torch.zeros(80), torch.zeros(2 * n, 80), final=True)
        for i, n in enumerate(lengths)
    ]


def test_rows_share_few_shapes_and_every_row_is_in_one_batch():
    given = rows(5, 30, 33, 7, 64, 8, 9, 10)
    found = []
    for indices, batch in Buckets(tokens=32, most_rows=4).sort(given):
        count, length = batch.tokens.shape
        assert count in {1, 2, 4}
        assert length in {32, 64}
        assert batch.noise.shape == batch.prompt_mel.shape == (count, 2 * length, 80)
        for place, index in enumerate(indices):
            assert batch.tokens[place, 0] == index
            assert batch.lengths[place] == len(given[index].tokens)
            assert batch.frames[place] == given[index].frames
        found += indices
    assert sorted(found) == list(range(8))
