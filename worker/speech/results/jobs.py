"""Resumable jobs, and where results too large for an answer are stored."""

import hashlib
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from voices.conditionals import Conditionals
from voices.errors import InvalidRequest, StoreFailure
from voices.stores.s3_client import S3Credentials
from voices.whole_file import WholeFile
from worker.audio.encoders.closing import close_file
from worker.audio.formats import AudioOutput
from worker.engine.base import Engine
from worker.events import StoredResult
from worker.request import Arrival, SpeechRequest
from worker.settings import Settings
from worker.speech.results.claim import Claim
from worker.speech.results.leftovers import PARTS, UNFINISHED, sweep
from worker.speech.results.overflow import NotKept, Overflow, file_sha256
from worker.speech.results.parts import KeptParts
from worker.speech.results.place import URL_SECONDS, BucketPlace, DirectoryPlace, ResultPlace

KEPT_FROM_CHARACTERS = 5_000
"""Minimum text length at which an unstreamed job becomes resumable: about 6 minutes of speech."""

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


class Job:
    """One job: its stored parts, and its result if it was finished before."""

    def __init__(self, key: str, digest: str = "", note: Path | None = None) -> None:
        self.key = key
        self.parts: KeptParts | None = None
        self.earlier: StoredResult | None = None
        """The result of an earlier, identical job, if it still exists."""
        self.digest = digest
        self._note = note
        self._claim: Claim | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the job is resumable."""
        return self._note is not None

    def recall(self) -> None:
        """Look for an earlier result, and set ``earlier``."""
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            assert self._note is not None  # noqa: S101  # a kept job has one
            noted = json.loads(self._note.read_text())
            if noted.pop("digest") != self.digest:
                return
            result = StoredResult(**noted)
            age = abs(time.time() - self._note.stat().st_mtime)
            is_there = (
                age < URL_SECONDS / 2
                if result.path is None
                else Path(result.path).stat().st_size == result.bytes
            )
            self.earlier = result if is_there else None

    def claim(self, folder: Path, job_id: str | None) -> None:
        """Lock the job for this request until ``release``; raises ``ResumeBusy`` and ``StoreFailure``."""
        try:
            self._claim = Claim(folder, job_id)
        except OSError as error:
            raise StoreFailure.of(error, "keep the job in", folder, "RESULTS_DIR") from error

    def finish(self, result: StoredResult | None) -> None:
        """Record the result, so that the same job is not done again; discard the parts; release the job."""
        if result is not None and self._note is not None:
            with suppress(OSError), WholeFile(self._note) as note:  # without it the job is merely done again
                note.write(json.dumps({"digest": self.digest, **result.as_json()}).encode())
        self.discard()
        self.release()

    def discard(self) -> None:
        """Delete the parts, unless another request has taken them over."""
        if self.parts is not None and self._claim is not None and self._claim.is_held:
            self.parts.discard()

    def release(self) -> None:
        """Unlock the job for other requests. Idempotent."""
        if self._claim is not None:
            self._claim.release()
            self._claim = None


class Results:
    """Large results and resumable jobs; without a directory and a bucket there are none.

        KEY.mp3, KEY.json     a result, and the description of it for the answer
        .parts/KEY/           see ``parts.py``
        .unfinished/          results that are being written

    KEY is the request's ``resume``, otherwise the id of RunPod's job. A request with neither gets a random
    key, which cannot be requested again: a client's own request id may not be unique.
    """

    def __init__(self, settings: Settings) -> None:
        self._limit = settings.max_result_bytes
        self._directory = settings.results_dir
        self._place: ResultPlace | None = None
        url, key, secret = (
            settings.bucket_endpoint_url,
            settings.bucket_access_key_id,
            settings.bucket_secret_access_key,
        )
        if url and key and secret:
            credentials = S3Credentials(key, secret.get_secret_value())
            self._place = BucketPlace(url, credentials, settings.bucket_name)
        elif self._directory is not None:
            self._place = DirectoryPlace(self._directory)
        if self._directory is not None:
            sweep(self._directory)

    @contextmanager
    def overflow(self, request: SpeechRequest, arrival: Arrival) -> Iterator[Overflow]:
        """Collect one request's encoded audio; at exit the temporary file is deleted unless it was moved."""
        overflow = self._overflow(request.format, is_kept=not arrival.in_pieces)
        try:
            yield overflow
        finally:
            overflow.discard()

    def _overflow(self, format_name: str, *, is_kept: bool) -> Overflow:
        if not is_kept:
            return NotKept(self._limit, format_name)
        if self._place is None:
            return Overflow(self._limit, format_name, None)
        if self._directory is None:
            return Overflow(self._limit, format_name, Path(tempfile.gettempdir()) / UNFINISHED, "TMPDIR")
        return Overflow(self._limit, format_name, self._directory / UNFINISHED)

    @contextmanager
    def job(
        self,
        request: SpeechRequest,
        arrival: Arrival,
        digest_of_request: Callable[[], str],
        sample_rate: int,
    ) -> Iterator[Job]:
        """Open a job; if it has a ``resume`` name or is long, its text chunks are stored as they are spoken.

        Raises ``InvalidRequest`` for a ``resume`` without a directory, ``ResumeBusy`` and ``StoreFailure``.
        """
        job = self._job(request, arrival, digest_of_request)
        try:
            if job.is_kept and job.earlier is None:
                self._take_up(job, request, arrival, sample_rate)
            yield job
        except StoreFailure:
            # RunPod does not retry a failed job: its parts would only keep a full disk full.
            if request.resume is None:
                job.discard()
            raise
        finally:
            job.release()

    def _job(self, request: SpeechRequest, arrival: Arrival, digest_of_request: Callable[[], str]) -> Job:
        name = request.resume or arrival.job_id
        key = uuid4().hex if name is None else _file_name(name)
        if self._directory is None:
            if request.resume is not None:
                raise InvalidRequest(
                    "resume: this worker has no directory for resumable jobs: attach a network volume, or "
                    "set RESULTS_DIR.",
                    field="resume",
                )
            return Job(key)
        is_long = not request.stream and len(request.text) >= KEPT_FROM_CHARACTERS
        if name is None or (request.resume is None and not is_long):
            return Job(key)
        job = Job(key, digest_of_request(), self._directory / f"{key}.json")
        if not request.stream and not arrival.in_pieces:
            job.recall()
        return job

    def _take_up(self, job: Job, request: SpeechRequest, arrival: Arrival, sample_rate: int) -> None:
        """Lock a job and open its stored parts, unless it was finished meanwhile."""
        assert self._directory is not None  # noqa: S101  # a kept job has one
        sweep(self._directory)
        folder = self._directory / PARTS / job.key
        job.claim(folder, arrival.job_id)
        if not request.stream and not arrival.in_pieces:
            job.recall()  # again: the previous holder may have just finished it
        if job.earlier is not None:
            job.release()
        else:
            job.parts = KeptParts(folder, job.digest, request.seed, sample_rate)

    def store(
        self, overflow: Overflow, job: Job, output: AudioOutput, audio_seconds: float
    ) -> StoredResult | None:
        """Move an overflowed result to its place; None if it fits the answer; raises ``StoreFailure``."""
        file = overflow.finish()
        if file is None or self._place is None:
            return None
        with overflow.failures():
            with file.open("r+b") as opened:
                samples = round(audio_seconds * output.sample_rate)
                close_file(opened, output.name, output.sample_rate, samples)
            size, sha256 = file.stat().st_size, file_sha256(file)
            where = self._place.put(file, f"{job.key}.{output.name}", output.mime)
        return StoredResult(size, sha256, round(audio_seconds, 6), **where)


def request_digest(
    request: SpeechRequest, engine: Engine, conditionals: Conditionals, *, is_marked: bool
) -> str:
    """Return a digest of everything that determines the speech."""
    asked = request.model_dump(exclude={"resume", "deadline_ms", "stream", "action"})
    digest = hashlib.sha256(json.dumps([engine.name, conditionals.fingerprint, is_marked, asked]).encode())
    for name in sorted(conditionals.tensors):
        digest.update(name.encode() + conditionals.tensors[name].tobytes())
    return digest.hexdigest()


def _file_name(key: str) -> str:
    """Return ``key`` if it is a valid file name, otherwise its checksum."""
    return key if _FILE_NAME.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()[:32]
