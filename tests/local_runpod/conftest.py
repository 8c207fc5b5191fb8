"""The scripted worker behind a local endpoint, and an endpoint without one, for this folder's tests."""

from collections.abc import Iterator

import pytest
from scripted_worker import endpoint, worker_command

from local_runpod import LocalEndpoint

__all__ = ["endpoint", "worker_command"]


@pytest.fixture(scope="module")
def shared() -> Iterator[LocalEndpoint]:
    """An endpoint without workers, whose requests for jobs end soon."""
    with LocalEndpoint(workers=0) as endpoint:
        endpoint.plane.take_wait_s = 0.2
        endpoint.plane.stop_wait_s = 0.2
        yield endpoint
