"""Losses: the amount of audio missing from a damaged file, as far as the file reveals it."""

TOLERANCE_SECONDS = 0.2
"""Up to this much is missing from an undamaged file: lossy codecs do not play some frames at the ends."""
EXACT_SECONDS = 0.01
"""Tolerance for formats whose length is exact to the sample."""
_JUMP_SECONDS = 1.0
"""Timestamps that go back by more mark the start of a concatenated recording."""
_USUAL_FRAME_SECONDS = 0.02
_ROUNDING_SECONDS = 0.001
_MOST = 0.5


class Losses:
    """Adds up the missing audio of a stream by packets and frames; times are in seconds."""

    def __init__(self, file_bytes: int, tolerance: float) -> None:
        self._tolerance = tolerance
        self._file_bytes = file_bytes
        self._read_bytes = 0
        self._failed_bytes = 0
        self._failed = 0.0
        self._gaps = 0.0
        self._heard = 0.0
        self._frame_seconds = _USUAL_FRAME_SECONDS
        self._began: float | None = None
        self._end = 0.0
        self._heard_since = 0.0

    @property
    def some_failed(self) -> bool:
        """Whether any packet could not be decoded."""
        return self._failed > 0

    def read(self, size: int) -> None:
        """Count a readable packet of any stream, of ``size`` bytes."""
        self._read_bytes += size

    def failed(self, size: int, seconds: float) -> None:
        """Count a packet that could not be decoded; ``seconds`` is its claimed duration, or 0."""
        self._failed_bytes += size
        self._failed += seconds or self._frame_seconds

    def heard(self, start: float | None, seconds: float) -> None:
        """Count decoded audio; ``start`` is its timestamp, or None."""
        self._heard += seconds
        self._frame_seconds = seconds
        if start is None:
            return
        if self._began is None or start < self._end - _JUMP_SECONDS:
            self._gaps += self._gap()
            self._began, self._end, self._heard_since = start, start, 0.0
        self._end = max(self._end, start + seconds)
        self._heard_since += seconds

    def seconds(self, claimed: float | None) -> float:
        """Return the missing duration, given the file's claimed duration; 0 within the tolerance."""
        missing = (claimed or 0.0) - self._heard
        if missing <= 0:  # a concatenated file claims only the duration of its first recording
            missing = self._inside()
        return missing if self.some_failed or missing > self._tolerance else 0.0

    def is_mostly_damaged(self, claimed: float | None, *, is_gapless: bool) -> bool:
        """Whether less than half of the audio could be read, for another reason than truncation.

        The remaining part of a truncated file is intact. ``is_gapless`` says that undamaged files of this
        format have no gaps in their timestamps.
        """
        if self._failed_bytes > self._read_bytes:
            return True
        missing = self.seconds(claimed)
        if missing <= _MOST * (missing + self._heard):
            return False
        if self._read_bytes < _MOST * self._file_bytes:
            return True
        inside = self._inside()
        return is_gapless and inside > _MOST * (inside + self._heard)

    def _inside(self) -> float:
        # Gaps between timestamps are exact; the duration of a broken packet is a guess.
        gaps = self._gaps + self._gap()
        return gaps if gaps > _ROUNDING_SECONDS else self._failed

    def _gap(self) -> float:
        return 0.0 if self._began is None else max(self._end - self._began - self._heard_since, 0.0)
