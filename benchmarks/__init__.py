"""Benchmarks, each beside the stock library in the same run. Run them with ``scripts/bench``."""
