"""A RunPod endpoint, as a command line names it."""

import os
from urllib.parse import urlsplit

from client import SpeechClient
from client.errors import EndpointUnreachable
from voices.errors import InvalidRequest


def open_endpoint(endpoint: str) -> SpeechClient:
    """Open an endpoint by its id, with ``RUNPOD_API_KEY``, or by its URL, and see that it answers.

    Raises ``InvalidRequest`` without a key and for what is no queue, and ``ClientError`` for a wrong key
    and for no endpoint.
    """
    client = _client(endpoint, os.environ.get("RUNPOD_API_KEY"))
    try:
        _check_queue(client, endpoint)
    except BaseException:
        client.close()
        raise
    return client


def _check_queue(client: SpeechClient, endpoint: str) -> None:
    try:
        health = client.health()
    except EndpointUnreachable as error:
        where = urlsplit(endpoint).netloc.rpartition("@")[2] or "RunPod"
        raise EndpointUnreachable(f"{where} gave no answer: {error}") from error
    if health.keys().isdisjoint({"jobs", "workers"}):  # our HTTP server's has others
        raise InvalidRequest(
            f"{endpoint} answers, but it is no queue: the address of one ends as in "
            "http://127.0.0.1:8001/v2/local, which `python -m control_plane` prints.",
            field="via",
        )


def _client(endpoint: str, api_key: str | None) -> SpeechClient:
    try:
        if endpoint.startswith(("http://", "https://")):
            return SpeechClient(endpoint, api_key)
        if not api_key:
            raise InvalidRequest("Set RUNPOD_API_KEY to use an endpoint on RunPod.", field="via")
        return SpeechClient.runpod(endpoint, api_key)
    except ValueError as error:  # a key or a URL that cannot be
        raise InvalidRequest(f"{error}.", field="via") from error
