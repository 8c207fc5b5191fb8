"""The scripted worker behind a local endpoint, for this folder's tests."""

from scripted_worker import endpoint, worker_command

__all__ = ["endpoint", "worker_command"]
