"""A RunPod endpoint, as a command line names it."""

import os

from client import SpeechClient
from voices.errors import InvalidRequest


def open_endpoint(endpoint: str) -> SpeechClient:
    """Open an endpoint by its id, with ``RUNPOD_API_KEY``, or by its URL, and see that it answers.

    Raises ``InvalidRequest`` without a key, and ``ClientError`` for a wrong one and for no endpoint.
    """
    client = _client(endpoint, os.environ.get("RUNPOD_API_KEY"))
    try:
        client.health()
    except BaseException:
        client.close()
        raise
    return client


def _client(endpoint: str, api_key: str | None) -> SpeechClient:
    try:
        if endpoint.startswith(("http://", "https://")):
            return SpeechClient(endpoint, api_key)
        if not api_key:
            raise InvalidRequest("Set RUNPOD_API_KEY to use an endpoint on RunPod.", field="via")
        return SpeechClient.runpod(endpoint, api_key)
    except ValueError as error:  # a key or a URL that cannot be
        raise InvalidRequest(f"{error}.", field="via") from error
