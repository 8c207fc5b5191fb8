"""Targets: how a user names a store.

./data/voices                                a directory
s3://VOLUME_ID/voices?datacenter=EU-RO-1     a RunPod network volume
s3://bucket/prefix                           any other S3 server, whose URL is given separately
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

from voices.errors import InvalidRequest
from voices.stores.s3_client import S3Limits
from voices.stores.s3_credentials import find_credentials, find_region
from voices.stores.s3_store import S3Store
from voices.stores.store import DirectoryStore, Store

# From docs.runpod.io/storage/s3-api, August 2026; newer names are accepted too.
DATA_CENTRES = (
    "EU-CZ-1",
    "EU-RO-1",
    "EUR-IS-1",
    "EUR-NO-1",
    "US-CA-2",
    "US-GA-2",
    "US-IL-1",
    "US-KS-2",
    "US-MD-1",
    "US-MO-1",
    "US-MO-2",
    "US-NC-1",
    "US-NC-2",
    "US-NE-1",
    "US-WA-1",
)

_DATA_CENTRE = re.compile(r"[A-Z]{2,3}-[A-Z]{2,3}-[0-9]{1,2}")
_RUNPOD_HOST = re.compile(r"s3api-([a-z0-9-]+)\.runpod\.io")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}")
# RunPod recommends these characters; clients encode others differently.
_PREFIX_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_FORMS = "a directory, s3://VOLUME_ID/voices?datacenter=EU-RO-1, or s3://BUCKET/PREFIX with --endpoint-url"


def open_store(target: str, *, endpoint_url: str | None = None) -> Store:
    """Open the store that ``target`` names; sends no request.

    ``endpoint_url`` is the S3 server. It is ignored for a directory and overrides a data centre's server;
    without either, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL gives the server. Raises ``InvalidRequest`` for
    a malformed target, and ``StoreFailure`` without credentials.
    """
    if not target.startswith("s3:"):
        if not target.strip() or "://" in target or "\0" in target:
            raise _malformed(f"The target must be {_FORMS}.")
        return DirectoryStore(Path(target).expanduser())
    location = _parse(target)
    server = _find_server(location, endpoint_url)
    return S3Store(
        location.bucket,
        location.prefix,
        endpoint_url=server.url,
        region=server.region or find_region(str(location)),
        credentials=find_credentials(str(location), runpod=server.may_have_runpod_keys),
        limits=_limits(),
        shown_as=str(location) if server.is_data_centre else f"{location} at {server.url}",
    )


def volume_server_url(data_centre: str) -> str:
    """Return the URL of the S3 server for network volumes in a RunPod data centre."""
    return f"https://s3api-{data_centre.lower()}.runpod.io/"


def _limits() -> S3Limits:
    """Return the default limits, with AWS_MAX_ATTEMPTS applied."""
    attempts = os.environ.get("AWS_MAX_ATTEMPTS", "")
    return S3Limits(attempts=int(attempts)) if attempts.isdigit() and int(attempts) else S3Limits()


@dataclass(frozen=True)
class _Location:
    bucket: str
    prefix: str  # empty, or ends in "/"
    data_centre: str | None

    def __str__(self) -> str:
        query = f"?datacenter={self.data_centre}" if self.data_centre else ""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/") + query


@dataclass(frozen=True)
class _Server:
    url: str
    region: str | None
    is_data_centre: bool = False
    may_have_runpod_keys: bool = False


def _parse(target: str) -> _Location:
    # No message repeats the target, because a user may have written keys into it.
    parts = _split(target, f"The target must be {_FORMS}.")
    if parts.scheme != "s3" or not _BUCKET.fullmatch(parts.netloc) or parts.fragment:
        raise _malformed(
            f"The target must be {_FORMS}; write only the volume's id after s3://, without keys."
        )
    folders = parts.path.strip("/")
    if folders and not all(_PREFIX_PART.fullmatch(part) for part in folders.split("/")):
        raise _malformed(
            "The folder names in an s3:// target may have only letters, digits, '.', '_' and '-'."
        )
    return _Location(parts.netloc, f"{folders}/" if folders else "", _data_centre(parts.query))


def _data_centre(query: str) -> str | None:
    options = parse_qs(query, keep_blank_values=True)
    if query and set(options) != {"datacenter"}:
        raise _malformed("An s3:// target has only one option, as in ?datacenter=EU-RO-1.")
    if not options:
        return None
    names = [name.upper() for name in options["datacenter"]]
    if len(names) != 1 or not _DATA_CENTRE.fullmatch(names[0]):
        raise _malformed(f"The data centre must be the volume's: one of {', '.join(DATA_CENTRES)}.")
    return names[0]


def _find_server(location: _Location, endpoint_url: str | None) -> _Server:
    if endpoint_url:
        return _explicit_server(endpoint_url, location, may_have_runpod_keys=True)
    if (name := location.data_centre) is not None:
        return _Server(volume_server_url(name), name, is_data_centre=True, may_have_runpod_keys=True)
    if inherited := os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"):
        return _explicit_server(inherited, location, may_have_runpod_keys=False)
    raise _malformed(
        f"{location} does not name a server: add the volume's data centre, as in "
        f"{location}?datacenter=EU-RO-1, or give the S3 server's URL with --endpoint-url."
    )


def _explicit_server(url: str, location: _Location, *, may_have_runpod_keys: bool) -> _Server:
    wrong = "The endpoint URL must look like https://s3.example.com, without keys, path or query."
    parts = _split(url, wrong)
    has_more = parts.username is not None or parts.query or parts.fragment or parts.path.strip("/")
    if parts.scheme not in {"http", "https"} or not parts.hostname or has_more:
        raise _malformed(wrong)
    runpod = _RUNPOD_HOST.fullmatch(parts.hostname)
    region = location.data_centre or (runpod[1].upper() if runpod else None)
    return _Server(url, region, may_have_runpod_keys=may_have_runpod_keys or runpod is not None)


def _split(url: str, wrong: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a malformed port
    except ValueError:
        raise _malformed(wrong) from None
    return parts


def _malformed(message: str) -> InvalidRequest:
    return InvalidRequest(message, field="target")
