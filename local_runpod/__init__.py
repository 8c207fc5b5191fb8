"""RunPod's queue on this machine: for tests, the demo and development.

It speaks RunPod's SDK protocol to workers and the hosted API to clients, so that anything that runs against
it runs unchanged on RunPod. The package imports neither the SDK nor the worker.
"""

from local_runpod.local_endpoint import LocalEndpoint
from local_runpod.worker_process import WorkerDied

__all__ = ["LocalEndpoint", "WorkerDied"]
