"""What the worker does with results: which jobs are kept on the way, and where large ones end up."""

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
"""A job of so many is worth keeping on the way: about 6 minutes of speech."""

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


class Job:
    """One job: what is kept of it, and what it came to when it was done before."""

    def __init__(self, key: str, digest: str = "", note: Path | None = None) -> None:
        self.key = key
        self.parts: KeptParts | None = None
        self.earlier: StoredResult | None = None
        """The result of the same job, when it is still there."""
        self.digest = digest
        self._note = note
        self._claim: Claim | None = None

    @property
    def is_kept(self) -> bool:
        """Whether it is to be gone on with."""
        return self._note is not None

    def recall(self) -> None:
        """Look for an earlier result."""
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
        """Take the job for this request alone, until ``release``; raises ``ResumeBusy``, ``StoreFailure``."""
        try:
            self._claim = Claim(folder, job_id)
        except OSError as error:
            raise StoreFailure.of(error, "keep the job in", folder, "RESULTS_DIR") from error

    def finish(self, result: StoredResult | None) -> None:
        """Note the result, so that the same job is not done again, throw the parts away, and release it."""
        if result is not None and self._note is not None:
            with suppress(OSError), WholeFile(self._note) as note:  # it costs only the doing again
                note.write(json.dumps({"digest": self.digest, **result.as_json()}).encode())
        self.discard()
        self.release()

    def discard(self) -> None:
        """Throw the parts away, unless they are another's now."""
        if self.parts is not None and self._claim is not None and self._claim.is_held:
            self.parts.discard()

    def release(self) -> None:
        """Let another request have it; once is enough."""
        if self._claim is not None:
            self._claim.release()
            self._claim = None


class Results:
    """Large results and kept jobs; with neither a directory nor a bucket there are none.

        KEY.mp3, KEY.json     a result, and what is to be told of it
        .parts/KEY/           see ``parts.py``
        .unfinished/          results that are being written

    KEY is the request's ``resume``, otherwise the id of RunPod's job. What has neither is kept under a key of
    its own, which nobody can ask for again: a client's own id of a request is not known to be nobody else's.
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
        """Take one request's encoded audio in; nothing is left behind but a file that was moved away."""
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
        """Hold a job; its text chunks are kept as they are spoken where that was asked for, or it is long.

        Raises ``InvalidRequest`` where that was asked for and cannot be, ``ResumeBusy`` and ``StoreFailure``.
        """
        job = self._job(request, arrival, digest_of_request)
        try:
            if job.is_kept and job.earlier is None:
                self._take_up(job, request, arrival, sample_rate)
            yield job
        except StoreFailure:
            # A failed job is not delivered again: its parts would only keep a full disk full.
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
                    "resume: this worker has nowhere to keep a job: attach a network volume, or set "
                    "RESULTS_DIR.",
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
        """Go on with what is kept of a job, or begin to keep it."""
        assert self._directory is not None  # noqa: S101  # a kept job has one
        sweep(self._directory)
        folder = self._directory / PARTS / job.key
        job.claim(folder, arrival.job_id)
        if not request.stream and not arrival.in_pieces:
            job.recall()  # again: whoever had it may have just finished it
        if job.earlier is not None:
            job.release()
        else:
            job.parts = KeptParts(folder, job.digest, request.seed, sample_rate)

    def store(
        self, overflow: Overflow, job: Job, output: AudioOutput, audio_seconds: float
    ) -> StoredResult | None:
        """Put a result that has overflowed in its place; raises ``StoreFailure``."""
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
    """Return what changes with anything that changes the speech."""
    asked = request.model_dump(exclude={"resume", "deadline_ms", "stream", "action"})
    digest = hashlib.sha256(json.dumps([engine.name, conditionals.fingerprint, is_marked, asked]).encode())
    for name in sorted(conditionals.tensors):
        digest.update(name.encode() + conditionals.tensors[name].tobytes())
    return digest.hexdigest()


def _file_name(key: str) -> str:
    """Return ``key`` if it is fit for a file's name, otherwise its checksum."""
    return key if _FILE_NAME.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()[:32]
