"""Audio encoders, all incremental: one instance per request."""
