"""Speaks a language model's answer sentence by sentence, while it is being written.

    python examples/chat.py "Why is the sky blue?" | ffplay -autoexit -nodisp -f s16le -ar 24000 -

The model is OPENAI_MODEL at OPENAI_BASE_URL (by default OpenAI's); without a question, stdin is spoken.
"""

import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from chatterpod import SpeechClient
from voices.extras import how_to_install_package


def answer(question: str) -> Iterator[str]:
    """Yield the model's answer as it is written."""
    from openai import OpenAI

    model = os.environ.get("OPENAI_MODEL", "gpt-4o-mini")
    messages = [{"role": "user", "content": question}]
    for part in OpenAI().chat.completions.create(model=model, messages=messages, stream=True):
        yield (part.choices[0].delta.content or "") if part.choices else ""


if sys.argv[1:] and find_spec("openai") is None:
    sys.exit(f"A question needs OpenAI's client: {how_to_install_package('openai')}")
pieces = answer(sys.argv[1]) if sys.argv[1:] else sys.stdin
with (
    SpeechClient.http(os.environ.get("SPEECH_URL", "http://127.0.0.1:8000")) as client,
    client.speak_pieces(pieces, sample_rate=24_000) as speech,
):
    for audio in speech:
        sys.stdout.buffer.write(audio)
        sys.stdout.buffer.flush()
