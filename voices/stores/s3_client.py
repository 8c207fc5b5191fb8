"""The boto3 client, configured for RunPod's S3 API."""

import logging
from dataclasses import dataclass, field
from typing import Any

PARALLEL = 16
"""Concurrent requests, each over its own connection."""


@dataclass(frozen=True)
class S3Credentials:
    """S3 keys, hidden from ``repr``."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class S3Limits:
    """Timeouts and retries."""

    attempts: int = 10
    """Per request, by boto3; RunPod advises ten, because its gateway occasionally answers 502."""

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    """Between two reads. Long, because a listing may wait for checksums computed on demand."""

    repeats: int = 3
    """Retries of a truncated body or a listing page that does not advance; boto3 retries neither."""

    repeat_pause_s: float = 1.0
    """Backoff before the first of those retries; it doubles each time."""


def s3_client(*, endpoint_url: str, region: str, credentials: S3Credentials, limits: S3Limits) -> Any:
    """Make a thread-safe client; sends no request."""
    import boto3
    from botocore.config import Config

    _keep_signatures_out_of_logs()
    session = boto3.session.Session(
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
        region_name=region,
    )
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        # Some S3 servers do not support the default, a trailing checksum after a chunked body.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"mode": "standard", "total_max_attempts": limits.attempts},
        connect_timeout=limits.connect_timeout_s,
        read_timeout=limits.read_timeout_s,
        max_pool_connections=PARALLEL,
        tcp_keepalive=True,
    )
    return session.client("s3", endpoint_url=endpoint_url, config=config)


def _keep_signatures_out_of_logs() -> None:
    """Keep boto3's loggers at INFO or above: at DEBUG, botocore logs every signed header."""
    for name in ("boto3", "botocore"):
        logger = logging.getLogger(name)
        if logger.level < logging.INFO:
            logger.setLevel(logging.INFO)
