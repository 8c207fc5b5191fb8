"""Losses: how much of a damaged file's sound is missing, as far as the file itself lets one know."""

TOLERANCE_SECONDS = 0.2
"""Lossy codecs begin and end with a few frames that are not played: a sound file lacks so much."""
EXACT_SECONDS = 0.01
"""Of formats whose length is exact to the sample."""
_JUMP_SECONDS = 1.0
"""Where time goes back by more, another recording was joined on."""
_USUAL_FRAME_SECONDS = 0.02
_ROUNDING_SECONDS = 0.001
_MOST = 0.5


class Losses:
    """Counts what is missing from a sound, packet by packet and frame by frame; times are in seconds."""

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
        """Whether there was a packet that could not be decoded."""
        return self._failed > 0

    def read(self, size: int) -> None:
        """Count a packet that could be read, of the sound or of anything else in the file."""
        self._read_bytes += size

    def failed(self, size: int, seconds: float) -> None:
        """Count a packet of the sound that could not be decoded, and how long it is said to be, or 0."""
        self._failed_bytes += size
        self._failed += seconds or self._frame_seconds

    def heard(self, start: float | None, seconds: float) -> None:
        """Count decoded sound, and the time at which the file says that it is; None where it does not."""
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
        """Return how much is missing, of a sound that is said to take ``claimed``; 0 for next to nothing."""
        missing = (claimed or 0.0) - self._heard
        if missing <= 0:  # of recordings that were joined, the first one's claim is all there is
            missing = self._inside()
        return missing if self.some_failed or missing > self._tolerance else 0.0

    def is_mostly_damaged(self, claimed: float | None, *, is_gapless: bool) -> bool:
        """Whether less than half of the sound could be read, and not because the file was cut short.

        What a cut file still has is as good as it was. ``is_gapless`` tells that no sound file of this
        format has gaps in time.
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
        # Where the file tells when its sound is, that is exact; how long a broken packet was is a guess.
        gaps = self._gaps + self._gap()
        return gaps if gaps > _ROUNDING_SECONDS else self._failed

    def _gap(self) -> float:
        return 0.0 if self._began is None else max(self._end - self._began - self._heard_since, 0.0)
