"""The worker: takes RunPod jobs or HTTP requests and streams their speech."""
