"""Captures the log records of a test, formatted as by the worker."""

import io
import json
import logging
from contextlib import contextmanager

from worker.telemetry.logs import JsonFormatter


@contextmanager
def log_lines(level=logging.DEBUG):
    """Yield a list that has the JSON lines once the block is left."""
    stream, lines = io.StringIO(), []
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(level)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        lines += [json.loads(line) for line in stream.getvalue().splitlines()]
