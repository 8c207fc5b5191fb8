"""The stores of these tests, on a real S3 server and by way of a faulty network."""

import uuid

import pytest
from fault_proxy import FaultProxy
from s3_server import IMPATIENT, s3_server

__all__ = ["s3_server"]


@pytest.fixture
def s3_store(s3_server):
    """An empty store on the server itself."""
    return s3_server.store(f"store-{uuid.uuid4().hex}")


@pytest.fixture
def through(s3_server, s3_store):
    """Open the same store by way of a proxy; returns both."""
    proxies = []

    def open_through(choose, limits=IMPATIENT):
        proxies.append(proxy := FaultProxy(s3_server.url, choose))
        return s3_server.store(s3_store.prefix.rstrip("/"), url=proxy.url, limits=limits), proxy

    yield open_through
    for proxy in proxies:
        proxy.close()
