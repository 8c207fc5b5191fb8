"""Speaks a language model's answer sentence by sentence, while it is being written.

    python examples/chat.py "Why is the sky blue?" | ffplay -autoexit -nodisp -f s16le -ar 24000 -

The model is OpenAI's, or one behind --base-url that speaks its language; without either, stdin is spoken.
"""

import argparse
import os
import sys
from collections.abc import Iterator

from client import SpeechClient


def written(options: argparse.Namespace) -> Iterator[str]:
    """Yield the answer as the model writes it, or stdin line by line."""
    if not (options.base_url or "OPENAI_API_KEY" in os.environ):
        yield from sys.stdin
        return
    from openai import OpenAI

    llm = OpenAI(base_url=options.base_url, api_key=os.environ.get("OPENAI_API_KEY", "none"))
    messages = [{"role": "user", "content": options.question}]
    for part in llm.chat.completions.create(model=options.model, messages=messages, stream=True):
        yield (part.choices[0].delta.content or "") if part.choices else ""


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("question", nargs="?", default="Tell me a story in four sentences.")
parser.add_argument("--speech", default="http://127.0.0.1:8000", help="python -m worker serve")
parser.add_argument("--voice", default="default")
parser.add_argument("--base-url", help="of the language model, as in http://127.0.0.1:11434/v1")
parser.add_argument("--model", default="gpt-4o-mini")
options = parser.parse_args()

with (
    SpeechClient.http(options.speech, os.environ.get("SPEECH_API_KEY")) as client,
    client.speak_pieces(written(options), voice_id=options.voice, sample_rate=24_000) as speech,
):
    for audio in speech:
        sys.stdout.buffer.write(audio)
        sys.stdout.buffer.flush()
