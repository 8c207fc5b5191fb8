"""Which gains a frame gets, and when: exact as soon as they can be, early where a listener waits."""

import torch

from worker.engine.chatterbox.watermark.gains import BINS, CONTEXT, GainNetwork

_FRAMES_PER_LOOKAHEAD = 4
"""While the lookahead grows, four fifths of what comes in goes out: no pause for a listener."""


class FrameMarker:
    """Turns the spectra of one stream's frames into those of the watermark alone.

    A frame waits until the ``first_lookahead`` frames after it are known, one more for every
    four frames since the beginning, and at most those 15 that its gains depend on. Gains once used
    are kept: those that were early differ from Perth's, but there is no jump from one to the other.
    Raises ``ValueError`` for a lookahead outside 0 to 15.
    """

    def __init__(self, network: GainNetwork, first_lookahead: int) -> None:
        if not 0 <= first_lookahead <= CONTEXT:
            raise ValueError(f"first_lookahead must be 0 to {CONTEXT}, not {first_lookahead}.")
        self._network = network
        self._first_lookahead = first_lookahead
        self._columns = network.begin()
        self._waiting = torch.zeros(BINS, 0, dtype=torch.complex64, device=network.device)
        """Spectra of the frames not marked yet."""
        self._marked = 0
        self._settled = 0
        """Frames whose final gains the network has given: never more than are marked."""

    def mark(self, spectra: torch.Tensor) -> torch.Tensor:
        """Take further frames (128, n), complex; return the marks (128, m) of those whose turn it is."""
        if spectra.shape[1] == 0:
            return spectra
        self._waiting = torch.cat([self._waiting, spectra], dim=1)
        gains, self._columns = self._network.advance(self._columns, spectra)
        settled = self._settled + gains.shape[1]
        due = self._due()
        if self._marked + due > settled:
            gains = torch.cat([gains, self._network.finish(self._columns)], dim=1)
        # Those at its beginning may have been used already, early.
        marks = self._use(gains[:, self._marked - self._settled :][:, :due])
        self._settled = settled
        return marks

    def finish(self) -> torch.Tensor:
        """Return the marks of the last frames."""
        gains = self._network.finish(self._columns)
        return self._use(gains[:, self._marked - self._settled :])

    def _due(self) -> int:
        """Count the waiting frames that have waited enough."""
        known = self._marked + self._waiting.shape[1]
        frame = self._marked
        while frame + self._lookahead(frame) < known:
            frame += 1
        return frame - self._marked

    def _lookahead(self, frame: int) -> int:
        return min(self._first_lookahead + frame // _FRAMES_PER_LOOKAHEAD, CONTEXT)

    def _use(self, gains: torch.Tensor) -> torch.Tensor:
        count = gains.shape[1]
        marks = self._waiting[:, :count] * (gains - 1)
        # A copy: a view would keep what is marked.
        self._waiting = self._waiting[:, count:].clone()
        self._marked += count
        return marks
