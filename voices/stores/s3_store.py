"""The S3 store: access to a RunPod network volume from outside, by the operations that its S3 API supports.

It uses GetObject, PutObject, HeadObject, DeleteObject and ListObjectsV2. The volume is a file system: a
folder outlives its files, and a listing shows it as a key that ends in "/".
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from typing_extensions import override

from voices.errors import StoreFailure
from voices.stores.s3_client import PARALLEL, S3Credentials, S3Limits, s3_client
from voices.stores.s3_failures import s3_failures
from voices.stores.store import MOST_BYTES, FileTooLarge, Store, key_parts

T = TypeVar("T")


class S3Store(Store):
    """The keys of a bucket that begin with ``prefix``, which is empty or ends in "/"."""

    parallel = PARALLEL

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        endpoint_url: str,
        region: str,
        credentials: S3Credentials,
        limits: S3Limits | None = None,
        shown_as: str | None = None,
    ) -> None:
        self.bucket = bucket
        self.prefix = prefix
        self._shown_as = shown_as or f"s3://{bucket}/{prefix}".rstrip("/")
        self._limits = limits or S3Limits()
        self._bucket_was_seen = False
        with self._failures("open"):
            self._client = s3_client(
                endpoint_url=endpoint_url, region=region, credentials=credentials, limits=self._limits
            )

    def __str__(self) -> str:
        return self._shown_as

    def __repr__(self) -> str:
        return f"<S3Store {self}>"

    @override
    def names(self) -> list[str]:
        # Hidden names belong to the server, such as .s3compat_uploads/; "" is the prefix's own folder.
        return sorted({key.rstrip("/") for key in self._listing("") if key and key[0] not in "./"})

    @override
    def files(self, folder: str) -> list[str]:
        return sorted(key for key in self._listing(f"{_checked(folder)}/") if key and not key.endswith("/"))

    @override
    def version(self, key: str) -> str | None:
        try:
            with self._failures(f"check {key} in"):
                return str(self._head(key)["ETag"])
        except FileNotFoundError:
            self._check_bucket()
            return None

    @override
    def read(self, key: str, most: int = MOST_BYTES) -> bytes:
        with self._failures(f"read {key} from"):
            body = self._repeated(
                lambda last: self._body(key, most, last=last), lambda body: body is not None
            )
        if body is None:
            raise StoreFailure(f"Could not read {key} from {self}: the response was cut off; try again.")
        return body

    @override
    def write(self, key: str, data: bytes) -> None:
        try:
            with self._failures(f"write {key} to"):
                self._client.put_object(**self._object(key), Body=data)
                arrived = self._head(key)["ContentLength"]
        except FileNotFoundError:
            arrived = 0
        if arrived != len(data):
            raise StoreFailure(
                f"Could not write {key} to {self}: {arrived} of {len(data)} bytes arrived. "
                "Is the volume full, or is another process writing the same voice?"
            )

    @override
    def delete(self, key: str) -> None:
        try:
            with self._failures(f"delete {key} from"):
                self._client.delete_object(**self._object(key))
        except FileNotFoundError:
            return
        if "/" in key:
            self.prune(key.partition("/")[0])

    @override
    def prune(self, folder: str) -> None:
        """Remove an empty folder's key.

        Some servers take the key ``name/`` for the file ``name``. The request is therefore sent only if the
        listing shows an empty folder of that name.
        """
        if any(self._listing(f"{_checked(folder)}/")) or "/" not in self._listing(folder):
            return
        try:
            with self._failures(f"remove {folder} from"):
                self._client.delete_object(Bucket=self.bucket, Key=f"{self.prefix}{folder}/")
        except FileNotFoundError:
            pass

    def _object(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.prefix + _checked(key)}

    def _head(self, key: str) -> Any:
        return self._client.head_object(**self._object(key))

    def _body(self, key: str, most: int, *, last: bool) -> bytes | None:
        """Return the file; None for a truncated body, except that the ``last`` attempt raises its error."""
        from botocore.exceptions import BotoCoreError
        from urllib3.exceptions import HTTPError

        answer = self._client.get_object(**self._object(key))
        try:
            if (promised := answer.get("ContentLength", most)) > most:
                raise FileTooLarge
            body: bytes = answer["Body"].read(promised + 1)
        except (BotoCoreError, HTTPError):
            if last:
                raise
            return None
        finally:
            answer["Body"].close()
        if len(body) > most:
            raise FileTooLarge
        return body if len(body) == answer.get("ContentLength", len(body)) else None

    def _check_bucket(self) -> None:
        """Raise ``StoreFailure`` unless the bucket exists, which a HEAD of a missing file does not tell."""
        if not self._bucket_was_seen:
            with self._failures("list"):
                self._client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, Delimiter="/", MaxKeys=1)
            self._bucket_was_seen = True

    def _listing(self, start: str) -> list[str]:
        """List the keys below ``start``, relative to it; folders are listed as one key that ends in "/"."""
        start = self.prefix + start
        found = []
        for page in self._pages(start):
            found += [each["Key"] for each in page.get("Contents", ())]
            found += [each["Prefix"] for each in page.get("CommonPrefixes", ())]
        return [key.removeprefix(start) for key in found]

    def _pages(self, start: str) -> Iterator[Any]:
        seen: set[str | None] = {None}
        following: dict[str, str] = {}
        while True:
            page = self._page(start, following, seen)
            yield page
            if not page.get("IsTruncated"):
                return
            token = page["NextContinuationToken"]
            seen.add(token)
            following = {"ContinuationToken": token}

    def _page(self, start: str, following: dict[str, str], seen: set[str | None]) -> Any:
        """Request a page; retry while its continuation token was already seen."""

        def leads_on(page: Any) -> bool:
            return not page.get("IsTruncated") or page.get("NextContinuationToken") not in seen

        def ask(_last: bool) -> Any:
            return self._client.list_objects_v2(Bucket=self.bucket, Prefix=start, Delimiter="/", **following)

        try:
            with self._failures("list"):
                page = self._repeated(ask, leads_on)
        except FileNotFoundError:  # some servers answer this for a prefix that is not a directory
            return {}
        if leads_on(page):
            return page
        raise StoreFailure(
            f"Could not list {self}: the listing does not advance. RunPod's listings stall while it computes "
            "the checksums of files that were not written through S3; try again in a few minutes."
        )

    def _repeated(self, ask: Callable[[bool], T], is_good: Callable[[T], bool]) -> T:
        """Call ``ask`` until the result is good; ``ask(True)`` marks the last attempt."""
        for repeat in range(self._limits.repeats):
            if is_good(answer := ask(False)):
                return answer
            time.sleep(self._limits.repeat_pause_s * 2**repeat)
        return ask(True)

    def _failures(self, attempt: str) -> AbstractContextManager[None]:
        return s3_failures(attempt, str(self))


def _checked(key: str) -> str:
    return "/".join(key_parts(key))
