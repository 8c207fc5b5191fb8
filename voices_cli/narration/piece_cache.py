"""The cache of a narration's spoken pieces, in files named by a hash of their content.

Files are written atomically, so that an interrupted narration resumes at the piece in progress. Their names
depend on text, voice and options, so that after a change all unaffected pieces are reused.
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
class CachedPiece:
    """A piece, the file of its speech and the request that makes it."""

    piece: Piece
    path: Path
    job: Mapping[str, Any]
    """The input of the request that speaks it."""

    @property
    def is_there(self) -> bool:
        """Whether the piece is already spoken."""
        return self.path.is_file()


class PieceCache:
    """The folder of an audiobook's pieces, next to ``out``."""

    def __init__(self, out: Path) -> None:
        self.folder = out.with_name(f".{out.name}.pieces")

    def plan(self, pieces: Sequence[Piece], options: Mapping[str, Any], engine: str) -> list[CachedPiece]:
        """Return every piece with its file and its request.

        The request has ``options``, and unless they give a seed, one per piece. ``engine`` identifies the
        engine or endpoint.
        """
        seen: Counter[str] = Counter()
        planned = []
        for piece in pieces:
            # Counted, so that a text that occurs twice is spoken twice, with different seeds.
            seen[piece.text] += 1
            asked = {"text": piece.text, "format": _FORMAT, **options}
            name = json.dumps([engine, seen[piece.text], asked], sort_keys=True)
            digest = hashlib.sha256(name.encode()).hexdigest()[:32]
            job = {"seed": int(digest[:_SEED_DIGITS], 16), **asked}
            planned.append(CachedPiece(piece, self.folder / f"{digest}.{_FORMAT}", job))
        return planned

    def speak(self, spoken: CachedPiece, say: Callable[[Mapping[str, Any], Path], object]) -> None:
        """Speak one piece; ``say`` must write its file atomically."""
        self.folder.mkdir(parents=True, exist_ok=True)
        say(spoken.job, spoken.path)

    def clear(self) -> None:
        """Remove all pieces."""
        shutil.rmtree(self.folder, ignore_errors=True)
