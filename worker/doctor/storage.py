"""Disks: free space, and where large results are stored."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir

from worker.doctor.finding import GIGABYTE, Finding, Subject, fault, ok, warning

_LEAST_FREE = GIGABYTE


def check_disks(subject: Subject) -> Iterator[Finding]:
    """Report the free space of each disk that the worker writes to."""
    settings = subject.settings
    places = [*settings.voices_dir, settings.results_dir, Path(gettempdir())]
    seen: set[int] = set()
    for place in places:
        if place is None:
            continue
        directory = _nearest(place)
        if (device := directory.stat().st_dev) in seen:
            continue
        seen.add(device)
        usage = shutil.disk_usage(directory)
        detail = f"{directory}: {usage.free / GIGABYTE:.1f} of {usage.total / GIGABYTE:.1f} GB free"
        if usage.free < _LEAST_FREE:
            yield warning("disk", detail, "Free some space, or use a larger disk.")
        else:
            yield ok("disk", detail)


def check_results(subject: Subject) -> Iterator[Finding]:
    """Report where results are stored that are too large for one response."""
    settings = subject.settings
    bucket = {
        "BUCKET_ENDPOINT_URL": settings.bucket_endpoint_url,
        "BUCKET_ACCESS_KEY_ID": settings.bucket_access_key_id,
        "BUCKET_SECRET_ACCESS_KEY": settings.bucket_secret_access_key,
    }
    missing = [name for name, value in bucket.items() if not value]
    if not missing:
        yield ok("large results", "go to the bucket in the BUCKET_ variables")
    elif len(missing) < len(bucket):
        yield fault(
            "large results",
            f"some BUCKET_ variables are set, but not {', '.join(missing)}: the bucket is not used",
            f"Set {', '.join(missing)} too, or none of them.",
        )
    elif settings.results_dir is None:
        yield ok(
            "large results",
            f"cannot be stored: speech over {settings.max_result_mb:g} MB is refused as a job result. "
            "A network volume, RESULTS_DIR or the BUCKET_ variables provide storage",
        )
    elif not os.access(_nearest(settings.results_dir), os.W_OK):
        yield fault(
            "large results",
            f"{settings.results_dir} is not writable",
            "Make it writable, or unset RESULTS_DIR.",
        )
    else:
        yield ok("large results", f"go to {settings.results_dir}")


def _nearest(path: Path) -> Path:
    """Return the directory, or its nearest existing parent."""
    return next(each for each in (path, *path.absolute().parents) if each.is_dir())
