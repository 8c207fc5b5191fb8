"""Finds S3 keys: RunPod's environment variables, else boto3's usual sources."""

import os

from voices.errors import StoreFailure
from voices.stores.s3_client import S3Credentials
from voices.stores.s3_failures import s3_failures

ACCESS_KEY_VARIABLE = "RUNPOD_S3_ACCESS_KEY_ID"
SECRET_KEY_VARIABLE = "RUNPOD_S3_SECRET_ACCESS_KEY"  # noqa: S105 - a name, not a secret

_HOW = (
    f"set {ACCESS_KEY_VARIABLE} and {SECRET_KEY_VARIABLE} to an S3 API key from RunPod's console "
    "(Settings > S3 API keys; its other API keys do not open volumes)"
)


def find_credentials(location: str, *, runpod: bool) -> S3Credentials:
    """Find the keys; raises ``StoreFailure`` if there are none.

    ``runpod`` says whether RunPod's keys may be sent to the server: either it is RunPod's, or the user named
    it for this target.
    """
    if runpod and (credentials := _runpod_credentials(location)):
        return credentials
    import boto3

    with s3_failures("open", location):
        if found := boto3.session.Session().get_credentials():
            frozen = found.get_frozen_credentials()
            return S3Credentials(frozen.access_key, frozen.secret_key, frozen.token)
    raise StoreFailure(
        f"Could not open {location}: no S3 keys were found; {_HOW}, or set AWS's variables or profile."
    )


def find_region(location: str) -> str:
    """Return the region in boto3's configuration, else the one that servers without regions expect."""
    import boto3

    with s3_failures("open", location):
        return boto3.session.Session().region_name or "us-east-1"


def _runpod_credentials(location: str) -> S3Credentials | None:
    # A copied line break would end up in a header.
    access_key = os.environ.get(ACCESS_KEY_VARIABLE, "").strip()
    secret_key = os.environ.get(SECRET_KEY_VARIABLE, "").strip()
    if bool(access_key) != bool(secret_key):
        missing = SECRET_KEY_VARIABLE if access_key else ACCESS_KEY_VARIABLE
        raise StoreFailure(f"Could not open {location}: {missing} is not set; {_HOW}.")
    return S3Credentials(access_key, secret_key) if access_key else None
