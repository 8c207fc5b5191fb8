"""S3Gen at full size with random weights, and a voice for it."""

import pytest


@pytest.fixture(scope="session")
def weights(small_checkpoint):
    """Ours reads these."""
    import torch

    from worker.engine.checkpoint import S3GEN_FILE
    from worker.engine.weights import open_weights

    with open_weights(small_checkpoint / S3GEN_FILE, torch.device("cpu")) as weights:
        yield weights


@pytest.fixture(scope="session")
def stocks_s3gen(small_checkpoint):
    """Stock's module, to compare with."""
    import torch

    from synthetic.stock import load_stock_s3gen

    return load_stock_s3gen(small_checkpoint, torch.device("cpu"))


@pytest.fixture(scope="session")
def voice(small_checkpoint):
    """The checkpoint's built-in voice on the device; its prompt is 250 tokens long."""
    import torch

    from worker.engine.chatterbox.conditionals import read_built_in_voice

    arrays = read_built_in_voice(small_checkpoint / "conds.pt")
    return {name: torch.tensor(array) for name, array in arrays.items()}


@pytest.fixture(scope="session")
def s3gen(weights):
    """Ours in float32, with a short prompt and window so that the tests are quick."""
    from worker.engine.chatterbox.s3gen.s3gen import S3Gen
    from worker.engine.chatterbox.s3gen.settings import S3GenSettings

    settings = S3GenSettings(prompt_tokens=20, left_tokens=10, flow_precision="float32")
    return S3Gen(weights, settings)


@pytest.fixture
def say(voice):
    """Render tokens in audio chunks of given sizes; what they leave over comes last."""
    from worker.engine.chatterbox.s3gen.s3gen import RenderCall

    def speak(s3gen, tokens, sizes=(), *, seed=7, stream=None):
        stream = stream or s3gen.open(voice, seed)
        pieces, done = [], 0
        for size in sizes:
            pieces += s3gen.render([RenderCall(stream, tokens[done : done + size])])
            done += size
        pieces += s3gen.render([RenderCall(stream, tokens[done:], final=True)])
        return pieces

    return speak


@pytest.fixture(scope="session")
def tokens():
    """Return speech tokens by their number: always the same ones."""
    import numpy as np

    return lambda count: np.random.default_rng(3).integers(0, 6561, count).tolist()


@pytest.fixture(scope="session")
def dark_weights(weights):
    """S3Gen whose vocoder makes only low frequencies: steps are small, so that a jump stands out."""
    from worker.engine.weights import Weights

    parts = {part: weights.under(part).state() for part in ("flow", "mel2wav")}
    tensors = {f"{part}.{name}": tensor for part, state in parts.items() for name, tensor in state.items()}
    tensors["mel2wav.conv_post.bias"][1:9] = -14.0
    return Weights.of(tensors)
