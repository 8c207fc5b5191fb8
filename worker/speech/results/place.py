"""Storage of large results: a directory on the volume, or a bucket."""

import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import urlsplit

from typing_extensions import override

from voices.errors import StoreFailure
from voices.stores.s3_client import S3Credentials, S3Limits, s3_client
from voices.stores.s3_failures import s3_failures
from voices.whole_file import put_in_place

URL_SECONDS = 7 * 24 * 3600
"""Validity of a presigned URL: the maximum that S3's signatures allow."""

_REGION = re.compile(r"\.s3[.-]([a-z0-9-]+)\.")


class ResultPlace(Protocol):
    """Storage for finished files."""

    def put(self, file: Path, name: str, mime: str) -> dict[Literal["path", "url"], str]:
        """Move a file there under ``name``, and replace an older one; raises ``StoreFailure``.

        Returns its path on the volume, as the worker sees it, or a URL that needs no credentials.
        """
        ...


class DirectoryPlace(ResultPlace):
    """A directory on the volume; a file to put must lie on the same volume."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @override
    def put(self, file: Path, name: str, mime: str) -> dict[Literal["path", "url"], str]:
        target = self._root / name
        try:
            put_in_place(file, target)
        except OSError as error:
            raise StoreFailure.of(error, "write the result to", target, "RESULTS_DIR") from error
        return {"path": str(target)}


class BucketPlace(ResultPlace):
    """An S3 bucket, read by URLs that are valid for a week; configured by RunPod's ``BUCKET_*`` variables."""

    def __init__(self, endpoint_url: str, credentials: S3Credentials, name: str | None = None) -> None:
        """``name`` is the bucket; default: the URL's path, else ``MM-YY``, as in the SDK."""
        parts = urlsplit(endpoint_url)
        self._bucket = name or parts.path.strip("/") or time.strftime("%m-%y")
        region = _REGION.search(f".{parts.netloc}")
        self._client = s3_client(
            endpoint_url=f"{parts.scheme}://{parts.netloc}",
            region=region[1] if region else "us-east-1",
            credentials=credentials,
            limits=S3Limits(),
        )

    @override
    def put(self, file: Path, name: str, mime: str) -> dict[Literal["path", "url"], str]:
        target = {"Bucket": self._bucket, "Key": name}
        with s3_failures("write the result to", f"the bucket {self._bucket}"):
            # Uploads parts of 8 MB, a few at a time: no more of the file is in memory.
            with file.open("rb") as data:
                self._client.upload_fileobj(data, **target, ExtraArgs={"ContentType": mime})
            url = self._client.generate_presigned_url("get_object", Params=target, ExpiresIn=URL_SECONDS)
        with suppress(OSError):  # it is uploaded: a local copy that remains is swept later
            file.unlink()
        return {"url": url}
