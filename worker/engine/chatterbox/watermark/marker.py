"""The gains of each frame: exact ones in general, early ones at the start so that no listener waits."""

import torch

from worker.engine.chatterbox.watermark.gains import BINS, CONTEXT, GainNetwork

_FRAMES_PER_LOOKAHEAD = 4
"""While the lookahead grows, four fifths of the input is output, so that the listener has no pause."""


class FrameMarker:
    """Turns the spectra of one stream's frames into those of the watermark alone.

    A frame waits for the ``first_lookahead`` frames after it, for one more per four frames since the
    beginning, and for at most the 15 that its gains depend on. Used gains are never revised: early ones
    differ from Perth's, without a jump between the two. Raises ``ValueError`` for a lookahead outside 0
    to 15.
    """

    def __init__(self, network: GainNetwork, first_lookahead: int) -> None:
        if not 0 <= first_lookahead <= CONTEXT:
            raise ValueError(f"first_lookahead must be 0 to {CONTEXT}, not {first_lookahead}.")
        self._network = network
        self._first_lookahead = first_lookahead
        self._columns = network.begin()
        self._waiting = torch.zeros(BINS, 0, dtype=torch.complex64, device=network.device)
        """Spectra of the frames that are not marked yet."""
        self._marked = 0
        self._settled = 0
        """Frames whose final gains the network has returned: never more than are marked."""

    def mark(self, spectra: torch.Tensor) -> torch.Tensor:
        """Take further frames (128, n), complex; return the marks (128, m) of those that are due."""
        if spectra.shape[1] == 0:
            return spectra
        self._waiting = torch.cat([self._waiting, spectra], dim=1)
        gains, self._columns = self._network.advance(self._columns, spectra)
        settled = self._settled + gains.shape[1]
        due = self._due()
        if self._marked + due > settled:
            gains = torch.cat([gains, self._network.finish(self._columns)], dim=1)
        # The first of them may already have been used as early gains.
        marks = self._use(gains[:, self._marked - self._settled :][:, :due])
        self._settled = settled
        return marks

    def finish(self) -> torch.Tensor:
        """Return the marks of the last frames."""
        gains = self._network.finish(self._columns)
        return self._use(gains[:, self._marked - self._settled :])

    def _due(self) -> int:
        """Count the waiting frames whose lookahead is complete."""
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
        # A copy: a view would keep the marked frames in memory.
        self._waiting = self._waiting[:, count:].clone()
        self._marked += count
        return marks
