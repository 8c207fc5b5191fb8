"""Audio encoders, all incremental: one encoder lives as long as its request."""
