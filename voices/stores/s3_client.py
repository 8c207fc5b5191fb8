"""A boto3 client with the settings that RunPod's S3 API needs."""

import logging
from dataclasses import dataclass, field
from typing import Any

PARALLEL = 16
"""How many requests are under way at once, each over a connection of its own."""


@dataclass(frozen=True)
class S3Credentials:
    """A pair of keys, which no representation shows."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class S3Limits:
    """How long and how often to try."""

    attempts: int = 10
    """Of each request; RunPod advises ten, because its gateway answers 502 now and then."""

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    """Without a byte. Long, because a listing may wait for checksums that are computed only then."""

    repeats: int = 3
    """Of a body that broke off, and of a listing's page that does not lead on: boto3 repeats neither."""

    repeat_pause_s: float = 1.0
    """Before the first of those repeats; each next pause is twice as long."""


def s3_client(*, endpoint_url: str, region: str, credentials: S3Credentials, limits: S3Limits) -> Any:
    """Make a client, which threads may share; sends nothing yet."""
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
        # The default, a checksum behind a chunked body, is more than some S3 servers understand.
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
    """At DEBUG, botocore logs every signed header: whoever logs everything has not asked for those."""
    for name in ("boto3", "botocore"):
        logger = logging.getLogger(name)
        if logger.level < logging.INFO:
            logger.setLevel(logging.INFO)
