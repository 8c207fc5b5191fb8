"""Telemetry: the worker's log, metrics and traces."""
