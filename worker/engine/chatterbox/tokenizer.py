"""Text to T3's text tokens: punctuation as in training, then GPT-2's tokens and one per paralinguistic tag.

Reads the files of stock's ``AutoTokenizer`` with the tokenizers library alone: importing transformers
takes seconds.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from worker.errors import EngineFailure

_ROLES = ("bos_token", "eos_token", "unk_token", "pad_token")


_REPLACED = {
    "…": ", ",
    ":": ",",
    "—": "-",
    "–": "-",  # noqa: RUF001 - an en dash
    " ,": ",",
    "“": '"',
    "”": '"',
    "‘": "'",  # noqa: RUF001 - a single quotation mark
    "’": "'",  # noqa: RUF001 - likewise
}
"""Applied in this order: one replacement may produce the input of the next."""

_ENDINGS = (".", "!", "?", "-", ",")


def punc_norm(text: str) -> str:
    """Return the text as upstream's ``punc_norm`` does: a capital, single spaces, plain marks, an end."""
    if text[:1].islower():
        text = text[0].upper() + text[1:]
    text = " ".join(text.split())
    for mark, plain in _REPLACED.items():
        text = text.replace(mark, plain)
    text = text.rstrip(" ")
    return text if text.endswith(_ENDINGS) else text + "."


class TextTokenizer:
    """The tokenizer in a checkpoint's directory; any thread may use it.

    Raises ``EngineFailure`` for unreadable files, and for a vocabulary of another size than T3's.
    """

    def __init__(self, checkpoint: Path, vocabulary: int) -> None:
        try:
            self._tokenizer = _read(checkpoint)
        except Exception as error:  # the library raises bare Exceptions
            raise _failure(
                checkpoint, f"cannot be read ({type(error).__name__}): download it again."
            ) from error
        if len(self) != vocabulary:
            raise _failure(
                checkpoint,
                f"has {len(self)} tokens where T3 has {vocabulary}: "
                "its files are incomplete or of another model; download them again.",
            )

    def __len__(self) -> int:
        """Return how many tokens there are."""
        return int(self._tokenizer.get_vocab_size())

    def __call__(self, text: str) -> list[int]:
        """Return a text's tokens."""
        tokens: list[int] = self._tokenizer.encode(text).ids
        return tokens


def _failure(checkpoint: Path, what: str) -> EngineFailure:
    return EngineFailure(
        f"The tokenizer in {checkpoint} {what}", told=f"The tokenizer in the checkpoint {what}"
    )


def _read(checkpoint: Path) -> Tokenizer:
    config = _json(checkpoint / "tokenizer_config.json")
    files = (str(checkpoint / name) for name in ("vocab.json", "merges.txt"))
    tokenizer = Tokenizer(BPE.from_file(*files))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=config.get("add_prefix_space", False))
    tokenizer.add_tokens(list(_added_tokens(checkpoint, config)))
    return tokenizer


def _added_tokens(checkpoint: Path, config: dict[str, Any]) -> Iterator[AddedToken]:
    """Yield the tags by number, then the special tokens that have none."""
    special = {_content(config[role]) for role in _ROLES if config.get(role)}
    if "added_tokens_decoder" in config:
        numbered = {
            int(number): AddedToken(**each) for number, each in config["added_tokens_decoder"].items()
        }
    else:
        numbered = {
            number: AddedToken(content, normalized=content not in special, special=content in special)
            for content, number in _json(checkpoint / "added_tokens.json").items()
        }
    yield from (token for _, token in sorted(numbered.items(), key=lambda pair: pair[0]))
    known = {token.content for token in numbered.values()}
    for content in sorted(special - known):
        yield AddedToken(content, normalized=False, special=True)


def _content(role: str | dict[str, Any]) -> str:
    return role if isinstance(role, str) else str(role["content"])


def _json(file: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read
