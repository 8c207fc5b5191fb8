"""What every audio encoder owes."""

from typing import Protocol

from voices.clips.clip import Samples


class AudioEncoder(Protocol):
    """Mono float32 samples at the encoder's own rate in; bytes out, which joined are one playable file.

    The joined bytes do not depend on the sizes of the blocks that the samples came in.
    """

    def encode(self, samples: Samples) -> bytes:
        """Return what can be written so far, which may be nothing."""
        ...

    def flush(self) -> bytes:
        """Return the rest of the file; nothing can be encoded afterwards."""
        ...
