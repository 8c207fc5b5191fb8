"""A RunPod endpoint, as a command line names it."""

import os

from client import SpeechClient
from voices.errors import InvalidRequest


def open_endpoint(endpoint: str) -> SpeechClient:
    """Open an endpoint by its id, with ``RUNPOD_API_KEY``, or by its URL; raises ``InvalidRequest``."""
    api_key = os.environ.get("RUNPOD_API_KEY")
    if endpoint.startswith(("http://", "https://")):
        return SpeechClient(endpoint, api_key)
    if not api_key:
        raise InvalidRequest("Set RUNPOD_API_KEY to use an endpoint on RunPod.", field="via")
    return SpeechClient.runpod(endpoint, api_key)
