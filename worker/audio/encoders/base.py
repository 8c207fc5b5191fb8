"""The interface of every audio encoder."""

from typing import Protocol

from voices.clips.clip import Samples


class AudioEncoder(Protocol):
    """Takes mono float32 samples at the encoder's rate; the returned bytes, joined, are one playable file.

    The joined bytes do not depend on the sizes of the blocks that the samples came in.
    """

    def encode(self, samples: Samples) -> bytes:
        """Return the bytes that are final by now, possibly none."""
        ...

    def flush(self) -> bytes:
        """Return the rest of the file; the encoder cannot be used afterwards."""
        ...
