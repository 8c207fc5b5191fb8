"""The scripted worker behind a local endpoint, for this folder's tests."""

from scripted_worker import worker_command

__all__ = ["worker_command"]
