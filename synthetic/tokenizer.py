"""Write a GPT-2 byte-level BPE tokenizer of Turbo's size, with its paralinguistic tags.

Its merges are pairs of bytes, not learned words: any text round-trips, in about half as many tokens as it
has bytes.
"""

import json
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path

from worker.text.tags import PARALINGUISTIC_TAGS

VOCABULARY = 50_276
"""Number of tokens: GPT-2's 50,257 and the tags."""

_END_OF_TEXT = "<|endoftext|>"
_MERGES = 50_000
_BYTES = 256
_PRINTABLE = (*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, _BYTES))


def write_tokenizer(directory: Path) -> None:
    """Write the files that ``AutoTokenizer.from_pretrained`` reads."""
    symbols = _byte_symbols()
    pairs = list(islice(_likely_pairs_first(symbols), _MERGES))
    tokens = [*symbols.values(), *(left + right for left, right in pairs), _END_OF_TEXT]
    added = {tag: len(tokens) + index for index, tag in enumerate(PARALINGUISTIC_TAGS)}
    merges = ["#version: 0.2", *(f"{left} {right}" for left, right in pairs)]
    special = {f"{role}_token": _END_OF_TEXT for role in ("bos", "eos", "unk")}
    config = {"add_prefix_space": False, "tokenizer_class": "GPT2Tokenizer", **special}
    _write_json(directory / "vocab.json", {token: index for index, token in enumerate(tokens)})
    (directory / "merges.txt").write_text("\n".join(merges) + "\n", encoding="utf-8")
    _write_json(directory / "added_tokens.json", added)
    _write_json(directory / "special_tokens_map.json", special)
    _write_json(directory / "tokenizer_config.json", config)


def _byte_symbols() -> dict[int, str]:
    """Return GPT-2's printable symbol for each byte: itself, or the next free letter from 256 on."""
    symbols = {byte: chr(byte) for byte in _PRINTABLE}
    hidden = (byte for byte in range(_BYTES) if byte not in symbols)
    return symbols | {byte: chr(_BYTES + index) for index, byte in enumerate(hidden)}


def _likely_pairs_first(symbols: dict[int, str]) -> Iterator[tuple[str, str]]:
    """Return all pairs of symbols, those of lower-case letters and the space first."""
    common = [*range(ord("a"), ord("z") + 1), ord(" ")]
    ordered = [symbols[byte] for byte in [*common, *(byte for byte in symbols if byte not in common)]]
    return product(ordered, ordered)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
