"""What captured graphs need of the code around them; the capture itself needs CUDA."""

import pytest
import torch

from worker.engine.chatterbox.s3gen.batch import Buckets, FlowRow
from worker.engine.chatterbox.s3gen.graphs import CudaCapture, Graphs


class Recorder:
    """Captures as CUDA does: what is replayed reads and writes the tensors of the recording."""

    def __init__(self):
        self.captured = 0

    def __call__(self, function, arguments):
        self.captured += 1
        result = function(arguments)
        return (lambda: result.copy_(function(arguments))), result


def weighted(arguments):
    return arguments[0] * 2 + arguments[1]


def test_each_shape_is_captured_once_and_replayed_on_what_it_is_given():
    recorder = Recorder()
    graphs = Graphs(weighted, recorder, most=8)
    for length in (3, 5, 3, 3):
        arguments = [torch.randn(length), torch.randn(length)]
        torch.testing.assert_close(graphs(arguments), weighted(arguments))
    assert recorder.captured == 2


def test_a_result_outlives_the_next_replay():
    graphs = Graphs(weighted, Recorder(), most=8)
    first = graphs([torch.ones(3), torch.zeros(3)])
    graphs([torch.full((3,), 5.0), torch.zeros(3)])
    assert first.tolist() == [2.0, 2.0, 2.0]


def test_the_arguments_are_left_as_they_are():
    graphs = Graphs(weighted, Recorder(), most=8)
    first = [torch.ones(3), torch.zeros(3)]
    graphs(first)
    graphs([torch.full((3,), 5.0), torch.zeros(3)])
    assert first[0].tolist() == [1.0, 1.0, 1.0]


def test_beyond_the_most_graphs_the_function_runs_uncaptured():
    recorder = Recorder()
    graphs = Graphs(weighted, recorder, most=1)
    for length in (3, 5):
        arguments = [torch.randn(length), torch.randn(length)]
        torch.testing.assert_close(graphs(arguments), weighted(arguments))
    assert recorder.captured == 1


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


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_cuda_replays_what_it_captured():
    graphs = Graphs(weighted, CudaCapture(), most=8)
    for _ in range(3):
        arguments = [torch.randn(7, device="cuda"), torch.randn(7, device="cuda")]
        torch.testing.assert_close(graphs(arguments), weighted(arguments))
