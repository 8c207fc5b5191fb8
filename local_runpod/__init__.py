"""RunPod's queue on this machine: for the tests, the demo and a laptop.

It speaks to workers as RunPod's SDK expects and to clients as the hosted API does, so that what runs
against it runs unchanged on RunPod. Nothing here imports the SDK or the worker.
"""

from local_runpod.local_endpoint import LocalEndpoint
from local_runpod.worker_process import WorkerDied

__all__ = ["LocalEndpoint", "WorkerDied"]
