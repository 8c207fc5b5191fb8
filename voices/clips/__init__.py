"""Reference clips: decoding, measurement, assessment and preparation."""
