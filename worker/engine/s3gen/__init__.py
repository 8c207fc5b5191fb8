"""S3Gen as a stream: speech tokens to samples in growing audio chunks, several streams in one call.

decoder.py    the way of one call: tokens -> mel -> samples, per stream and batched
stream.py     everything that one stream remembers between calls
flow.py       tokens to mel: upstream's weights in a forward of our own (encoder.py, estimator.py)
vocoder.py    mel to samples: HiFT over a bounded window (source.py, hift.py)
noise.py      random numbers as a function of the seed and the position, so that a window can be decoded anew
"""
