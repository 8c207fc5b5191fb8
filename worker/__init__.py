"""The worker: a RunPod job in, streamed speech out."""
