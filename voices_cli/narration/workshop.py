"""Where a narration's pieces lie until the book is whole: files named after what is spoken in them.

A file appears when it is complete, so that a narration that was interrupted, however, goes on with the
piece that it was at; and since its name tells what it holds, a change of the text, the voice or an option
brings back all pieces that it does not concern.
"""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voices_cli.narration.pieces import Piece

_SEED_DIGITS = 8
_FORMAT = "flac"


@dataclass(frozen=True)
class SpokenPiece:
    """A piece and the file of its speech."""

    piece: Piece
    path: Path
    job: Mapping[str, Any]
    """The input of the request that speaks it."""

    @property
    def is_there(self) -> bool:
        """Whether it is spoken already."""
        return self.path.is_file()


class Workshop:
    """The folder beside ``out`` in which its pieces are made."""

    def __init__(self, out: Path) -> None:
        self.folder = out.with_name(f".{out.name}.pieces")

    def plan(self, pieces: Sequence[Piece], options: Mapping[str, Any], engine: str) -> list[SpokenPiece]:
        """Return every piece with its request: ``options``, and a seed of its own unless one is given.

        ``engine`` tells what speaks.
        """
        seen: Counter[str] = Counter()
        planned = []
        for piece in pieces:
            # The same sentence in two places is spoken twice, not copied.
            seen[piece.text] += 1
            asked = {"text": piece.text, "format": _FORMAT, **options}
            name = json.dumps([engine, seen[piece.text], asked], sort_keys=True)
            digest = hashlib.sha256(name.encode()).hexdigest()[:32]
            job = {"seed": int(digest[:_SEED_DIGITS], 16), **asked}
            planned.append(SpokenPiece(piece, self.folder / f"{digest}.{_FORMAT}", job))
        return planned

    def speak(self, spoken: SpokenPiece, say: Callable[[Mapping[str, Any], Path], object]) -> None:
        """Speak one piece; ``say`` writes a file that appears when it is complete."""
        self.folder.mkdir(parents=True, exist_ok=True)
        say(spoken.job, spoken.path)

    def clear(self) -> None:
        """Throw all pieces away."""
        shutil.rmtree(self.folder, ignore_errors=True)
