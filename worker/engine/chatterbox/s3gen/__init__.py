"""S3Gen as a stream: speech tokens to samples in growing audio chunks, several streams in one call.

decoder.py    the way of one call: tokens -> mel -> samples; its options are in settings.py
stream.py     what one stream remembers between calls, and which tokens a decode sees
flow.py       tokens to mel: upstream's weights in a forward of our own (encoder.py, estimator.py),
              rows of one shape together (batch.py), on CUDA from captured graphs (graphs.py)
seam.py       the border between two decodes of the flow
vocoder.py    mel to samples: HiFT over a bounded window (source.py, hift.py)
noise.py      random numbers by seed and position, so that a window can be decoded anew
affine.py     matrix products and attention by the fastest library there is (precision.py)
"""
