"""S3Gen as a stream: renders speech tokens as samples in growing audio chunks, several streams in one call.

s3gen.py      the stages of one call: tokens, mel, samples; settings.py has its options
stream.py     the state of one stream between calls, and which tokens a call sees
flow.py       tokens to mel: upstream's weights in a forward pass of our own (encoder.py, estimator.py),
              rows of one shape together (batch.py), and the seam between two calls
vocoder.py    mel to samples: HiFT over a bounded window (source.py, hift.py)
noise.py      random numbers by seed and position, so that a window can be rendered again
affine.py     matrix products and attention by the fastest library here
"""
