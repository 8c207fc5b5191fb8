"""Perth's inaudible watermark, added to a stream of samples.

Perth's network changes the level of speech below 2 kHz by a few dB, frame by frame. So the marked samples
are the samples plus a difference, and only that difference is computed here: in frames of 64 ms every 10 ms,
with Perth's own weights, at the speech's own 24 kHz.
"""

from worker.engine.chatterbox.watermark.mark import Watermark
from worker.engine.chatterbox.watermark.stream import WatermarkStream
from worker.engine.chatterbox.watermark.threads import WatermarkThreads

__all__ = ["Watermark", "WatermarkStream", "WatermarkThreads"]
