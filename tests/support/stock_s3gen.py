"""Stock's S3Gen on given tokens and noise, as the reference for ours."""

from contextlib import contextmanager

import torch
from torch.overrides import TorchFunctionMode


class PrescribedNoise(TorchFunctionMode):
    """Within it, what upstream draws at random is what it is given here.

    ``flow`` (frames, 80) for the prompt's and the decoded frames. ``offsets`` (1, 9) and ``source``,
    a ``PositionalNoise``, for the vocoder.
    """

    def __init__(self, flow=None, offsets=None, source=None):
        super().__init__()
        self.flow, self.offsets, self.source = flow, offsets, source

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.randn:  # the noise of the frames behind the prompt
            return self.flow[-args[2] :].T[None].clone()
        if func is torch.rand:  # in [0, 1), which upstream stretches to [-pi, pi)
            return ((self.offsets + torch.pi) / (2 * torch.pi))[..., None].clone()
        if func is torch.randn_like and args[0].shape[1] == 80:
            return self.flow.T[None].clone()
        if func is torch.randn_like and args[0].shape[1] == 9:
            return self.source.between(0, args[0].shape[2]).T[None].clone()
        return func(*args, **(kwargs or {}))


def stock_mel(flow, row, x_vector, steps=2):
    """Decode a ``FlowRow`` by stock's flow, which projects the x-vector itself."""
    prompt = len(row.prompt_mel) // 2
    with torch.inference_mode(), PrescribedNoise(row.noise), _masks_mended(flow.encoder, row.final):
        mel, _ = flow.inference(
            token=row.tokens[None, prompt:],
            token_len=torch.tensor([len(row.tokens) - prompt]),
            prompt_token=row.tokens[None, :prompt],
            prompt_token_len=torch.tensor([prompt]),
            prompt_feat=row.prompt_mel[None],
            prompt_feat_len=None,
            embedding=x_vector,
            finalize=row.final,
            n_timesteps=steps,
            meanflow=True,
        )
    return mel[0].T


@contextmanager
def _masks_mended(encoder, final):
    """Shorten the masks by the lookahead that ``finalize=False`` takes from the encoder's output only."""
    forward = encoder.forward

    def mended(tokens, lengths):
        hidden, masks = forward(tokens, lengths)
        return hidden, masks if final else masks[..., :-6]

    encoder.forward = mended
    try:
        yield
    finally:
        del encoder.forward


def stock_samples(s3gen, stream, tokens, reference):
    """Speak ``tokens``, silence among them, by stock's ``inference`` with the noise of one of our streams."""
    noise = stream.noise_between(0, 2 * len(tokens))
    vocoder = stream.vocoder
    with torch.inference_mode(), PrescribedNoise(noise, vocoder.offsets, vocoder.noise):
        samples, _ = s3gen.inference(
            speech_tokens=torch.tensor(tokens), ref_dict=reference, n_cfm_timesteps=2
        )
    return samples[0].numpy()


def reference(voice):
    """Return what stock's ``inference`` takes of a voice; it replaces entries of the one it is given."""
    tensors = {name.removeprefix("gen."): tensor for name, tensor in voice.items() if name.startswith("gen.")}
    return {**tensors, "prompt_feat_len": None}
