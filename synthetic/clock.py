"""Make a T3 of random weights stop speaking after a set number of speech tokens.

Random weights would never stop, or, with a higher bias for the stop token, at a random moment. So the
speech tokens are divided into classes, like the hours of a clock. A token's embedding contains the code of
its class. After that token the head prefers the tokens of the next class; after the last class it prefers
the stop token. The token within a class, and the class in which speech begins, stay random.
"""

from typing import Any

import torch

from synthetic.stock import SPEECH_VOCAB_SIZE

_PREFERENCE = 8.0
"""Lead of the next class, in logits: the default sampling options almost never choose another."""

_STOP_PREFERENCE = 16.0
"""One stop token must outweigh the 6,561 others."""


def wind_clock(t3: Any, generator: torch.Generator, shortest: int, longest: int) -> None:
    """Change the weights so that an utterance has ``shortest`` to ``longest`` speech tokens.

    This holds for the default sampling options and for greedy decoding, as long as a code outweighs the
    layers' contributions to the residual stream.
    """
    width = t3.dim
    classes = torch.arange(SPEECH_VOCAB_SIZE) % longest
    codes = torch.randint(2, (longest + 1, width), generator=generator) * 2.0 - 1.0
    before_speech = codes[longest]
    embedding, head = t3.speech_emb.weight, t3.speech_head.weight
    embedding[:SPEECH_VOCAB_SIZE] += codes[classes]
    embedding[t3.hp.start_speech_token] += before_speech
    # Class 0 has no predecessor: speech only begins there.
    follows = classes > 0
    head[:SPEECH_VOCAB_SIZE][follows] += codes[classes[follows] - 1] * (_PREFERENCE / width)
    begins = classes <= longest - shortest
    head[:SPEECH_VOCAB_SIZE][begins] += before_speech * (_PREFERENCE / width)
    head[t3.hp.stop_speech_token] += codes[longest - 1] * (_STOP_PREFERENCE / width)
