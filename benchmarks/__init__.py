"""Benchmarks, each compared with the stock library in the same run. Run them with ``scripts/bench``."""
