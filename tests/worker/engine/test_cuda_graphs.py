"""What captured graphs need of the code around them; the capture itself needs CUDA."""

import pytest
import torch

from worker.engine.cuda_graphs import GraphPool, GraphsByShape


class Recorder:
    """Captures as CUDA does: what is replayed reads and writes the tensors of the recording."""

    def __init__(self):
        self.captured = 0

    def __call__(self, function):
        self.captured += 1
        result = function()
        return (lambda: result.copy_(function())), result


def weighted(arguments):
    return arguments[0] * 2 + arguments[1]


def test_each_shape_is_captured_once_and_replayed_on_what_it_is_given():
    recorder = Recorder()
    graphs = GraphsByShape(weighted, recorder, most=8)
    for length in (3, 5, 3, 3):
        arguments = [torch.randn(length), torch.randn(length)]
        torch.testing.assert_close(graphs(arguments), weighted(arguments))
    assert recorder.captured == 2


def test_a_result_outlives_the_next_replay():
    graphs = GraphsByShape(weighted, Recorder(), most=8)
    first = graphs([torch.ones(3), torch.zeros(3)])
    graphs([torch.full((3,), 5.0), torch.zeros(3)])
    assert first.tolist() == [2.0, 2.0, 2.0]


def test_the_arguments_are_left_as_they_are():
    graphs = GraphsByShape(weighted, Recorder(), most=8)
    first = [torch.ones(3), torch.zeros(3)]
    graphs(first)
    graphs([torch.full((3,), 5.0), torch.zeros(3)])
    assert first[0].tolist() == [1.0, 1.0, 1.0]


def test_beyond_the_most_graphs_the_function_runs_uncaptured():
    recorder = Recorder()
    graphs = GraphsByShape(weighted, recorder, most=1)
    for length in (3, 5):
        arguments = [torch.randn(length), torch.randn(length)]
        torch.testing.assert_close(graphs(arguments), weighted(arguments))
    assert recorder.captured == 1


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_cuda_replays_what_it_captured():
    graphs = GraphsByShape(weighted, GraphPool().capture, most=8)
    for _ in range(3):
        arguments = [torch.randn(7, device="cuda"), torch.randn(7, device="cuda")]
        torch.testing.assert_close(graphs(arguments), weighted(arguments))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_what_the_warm_ups_change_is_undone():
    total = torch.zeros(1, device="cuda")
    replay, result = GraphPool().capture(lambda: total.add_(1).clone(), undo=total.zero_)
    assert total.item() == 0
    replay()
    replay()
    assert (total.item(), result.item()) == (2, 2)
