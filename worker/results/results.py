"""What the worker does with results: which jobs are kept on the way, and where large ones end up."""

import hashlib
import json
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from voices.conditionals import Conditionals
from voices.errors import InvalidRequest
from voices.whole_file import WholeFile
from worker.audio.encoders.closing import close_file
from worker.audio.formats import AudioOutput
from worker.engine.base import Engine
from worker.request import SpeechRequest
from worker.results.overflow import Overflow, file_sha256
from worker.results.parts import KeptParts
from worker.results.place import (
    URL_SECONDS,
    Bucket,
    BucketPlace,
    DirectoryPlace,
    ResultPlace,
    StoredResult,
)
from worker.settings import Settings

KEPT_FROM_CHARACTERS = 5_000
"""A job of so many is worth keeping on the way: about 6 minutes of speech."""

_ABANDONED_SECONDS = 7 * 24 * 3600
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


class Job:
    """One job: what is kept of it, and what it came to when it was done before."""

    def __init__(self, key: str, digest: str = "", note: Path | None = None) -> None:
        self.key = key
        """The request's ``resume``, otherwise the job's id, made fit for a file's name."""
        self.parts: KeptParts | None = None
        self.earlier: StoredResult | None = None
        """The result of the same job, when it is still there."""
        self._digest = digest
        self._note = note

    def recall(self) -> None:
        """Look for an earlier result."""
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            assert self._note is not None  # noqa: S101  # a kept job has one
            noted = json.loads(self._note.read_text())
            if noted.pop("digest") != self._digest:
                return
            result = StoredResult(**noted)
            age = time.time() - self._note.stat().st_mtime
            is_there = (
                age < URL_SECONDS / 2
                if result.path is None
                else Path(result.path).stat().st_size == result.bytes
            )
            self.earlier = result if is_there else None

    def finish(self, result: StoredResult | None) -> None:
        """Note the result, so that the same job is not done again, and throw the parts away."""
        if self.parts is None:
            return
        if result is not None and self._note is not None:
            with suppress(OSError), WholeFile(self._note) as note:  # it costs only the doing again
                note.write(json.dumps({"digest": self._digest, **result.as_json()}).encode())
        self.parts.discard()


class Results:
    """Large results and kept jobs; with neither a directory nor a bucket there are none.

        KEY.mp3, KEY.json     a result, and what is to be told of it
        .parts/KEY/           see ``parts.py``
        .unfinished/          results that are being written

    KEY is the request's ``resume``, otherwise the job's id.
    """

    def __init__(self, directory: Path | None, bucket: Bucket | None = None) -> None:
        self._directory = directory
        self._place: ResultPlace | None = None
        if bucket is not None:
            self._place = BucketPlace(bucket)
        elif directory is not None:
            self._place = DirectoryPlace(directory)

    @classmethod
    def of(cls, settings: Settings) -> "Results":
        """Make what the settings ask for."""
        url, key, secret = (
            settings.bucket_endpoint_url,
            settings.bucket_access_key_id,
            settings.bucket_secret_access_key,
        )
        if url and key and secret:
            bucket = Bucket(url, key, secret.get_secret_value(), settings.bucket_name)
            return cls(settings.results_dir, bucket)
        return cls(settings.results_dir)

    def overflow(self, limit: int) -> Overflow:
        """Return where one request's encoded audio goes."""
        if self._place is None:
            return Overflow(limit, None)
        return Overflow(limit, (self._directory or Path(tempfile.gettempdir())) / ".unfinished")

    def job(
        self, request: SpeechRequest, request_id: str, digest_of_request: Callable[[], str], sample_rate: int
    ) -> Job:
        """Open a job; its text chunks are kept as they are spoken where that was asked for, or it is long.

        Raises ``InvalidRequest`` where that was asked for and cannot be, and ``StoreFailure``.
        """
        key = _file_name(request.resume or request_id)
        if self._directory is None:
            if request.resume is not None:
                raise InvalidRequest(
                    "resume: this worker has nowhere to keep a job: attach a network volume, or set "
                    "RESULTS_DIR.",
                    field="resume",
                )
            return Job(key)
        if request.resume is None and (request.stream or len(request.text) < KEPT_FROM_CHARACTERS):
            return Job(key)
        digest = digest_of_request()
        job = Job(key, digest, self._directory / f"{key}.json")
        if not request.stream:
            job.recall()
        if job.earlier is None:
            self._sweep(self._directory)
            directory = self._directory / ".parts" / key
            job.parts = KeptParts(directory, digest, request.seed, sample_rate)
        return job

    def store(
        self, overflow: Overflow, job: Job, output: AudioOutput, audio_seconds: float
    ) -> StoredResult | None:
        """Put a result that has overflowed in its place; raises ``StoreFailure``."""
        file = overflow.finish()
        if file is None or self._place is None:
            return None
        with file.open("r+b") as opened:
            close_file(opened, output.name, output.sample_rate, round(audio_seconds * output.sample_rate))
        size, sha256 = file.stat().st_size, file_sha256(file)
        where = self._place.put(file, f"{job.key}.{output.name}", output.mime)
        return StoredResult(size, sha256, round(audio_seconds, 6), where.path, where.url)

    @staticmethod
    def _sweep(directory: Path) -> None:
        """Remove what jobs left that nobody went on with for a week."""
        for folder in (".parts", ".unfinished"):
            with suppress(OSError):
                for entry in (directory / folder).iterdir():
                    if time.time() - entry.stat().st_mtime > _ABANDONED_SECONDS:
                        entry.unlink() if entry.is_file() else shutil.rmtree(entry)


def request_digest(
    request: SpeechRequest, engine: Engine, conditionals: Conditionals, *, is_marked: bool
) -> str:
    """Return what changes with anything that changes the speech."""
    asked = request.model_dump(exclude={"resume", "deadline_ms", "stream", "action"})
    digest = hashlib.sha256(json.dumps([engine.name, conditionals.fingerprint, is_marked, asked]).encode())
    for name in sorted(conditionals.tensors):
        digest.update(name.encode() + conditionals.tensors[name].tobytes())
    return digest.hexdigest()


def _file_name(key: str) -> str:
    """Return ``key`` if it is fit for a file's name, otherwise its checksum."""
    return key if _FILE_NAME.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()[:32]
