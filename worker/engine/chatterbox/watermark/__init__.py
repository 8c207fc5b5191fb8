"""Perth's inaudible watermark, put on while the samples are still coming.

Perth makes speech louder and quieter by a few dB below 2 kHz, as its network says, frame by frame.
So the marked samples are the samples plus a difference, and only that difference is computed here:
in frames of 64 ms every 10 ms, over Perth's own weights, at the speech's own 24 kHz.
"""

from worker.engine.chatterbox.watermark.mark import Watermark
from worker.engine.chatterbox.watermark.stream import WatermarkStream
from worker.engine.chatterbox.watermark.threads import WatermarkThreads

__all__ = ["Watermark", "WatermarkStream", "WatermarkThreads"]
