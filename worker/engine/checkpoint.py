"""Find the Chatterbox Turbo checkpoint on this machine, or download it. Never imports torch."""

import logging
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from worker.errors import CheckpointMissing


def read_ahead(checkpoint: Path) -> None:
    """Start reading the large files into the page cache; returns at once and ignores errors.

    From a cold disk this takes as long as importing torch, so both happen at the same time.
    """
    if hasattr(os, "posix_fadvise"):
        threading.Thread(target=_advise, args=(checkpoint,), name="read-ahead", daemon=True).start()


def _advise(checkpoint: Path) -> None:
    for name in (T3_FILE, S3GEN_FILE):
        try:
            with (checkpoint / name).open("rb", buffering=0) as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
        except OSError:  # loading the file reports what is wrong
            return


logger = logging.getLogger(__name__)

REPO_ID = "ResembleAI/chatterbox-turbo"

T3_FILE = "t3_turbo_v1.safetensors"
S3GEN_FILE = "s3gen_meanflow.safetensors"
VOICE_ENCODER_FILE = "ve.safetensors"
BUILT_IN_VOICE_FILE = "conds.pt"
"""Optional, as in upstream: without it there is no voice ``default``."""
TOKENIZER_FILES = ("vocab.json", "merges.txt", "added_tokens.json", "tokenizer_config.json")
REQUIRED_FILES = (T3_FILE, S3GEN_FILE, VOICE_ENCODER_FILE, *TOKENIZER_FILES)

RUNPOD_MODEL_CACHE = Path("/runpod-volume/huggingface-cache/hub")
"""RunPod's mount of the endpoint's cached model, in the layout of a Hugging Face cache."""
IMAGE_MODEL = Path("/opt/model")
"""The weights that were baked into the image; without them the directory is empty."""

_CACHES = ("RunPod's model cache", "Hugging Face's cache")
"""The caches' names in clients' error messages, which must not contain directories."""
_DOWNLOADED = ["*.safetensors", "*.json", "*.txt", "*.pt", "*.model"]
_NOT_DOWNLOADED = ["s3gen.safetensors"]  # the ten-step decoder: 1 GB that Turbo never reads
_TRUE = {"1", "on", "yes", "true"}


def missing_files(directory: Path) -> list[str]:
    """Name the required files that are absent, empty, or links to nothing."""
    return [name for name in REQUIRED_FILES if not _has_content(directory / name)]


def find_checkpoint(
    model_dir: Path | None,
    *,
    image_model: Path = IMAGE_MODEL,
    runpod_cache: Path = RUNPOD_MODEL_CACHE,
    hub_cache: Path | None = None,
) -> Path | None:
    """Return the directory of a complete checkpoint, or None when there is none.

    Looks in ``model_dir``, then in the image, in RunPod's model cache, and in the Hugging Face cache
    (``hub_cache``, by default the one that the HF_ variables name). An incomplete ``model_dir`` raises
    ``CheckpointMissing``: another checkpoint never replaces it.
    """
    if model_dir is not None:
        _check_model_dir(model_dir)
        return model_dir
    if not missing_files(image_model):
        return image_model
    for cache in (runpod_cache, hub_cache or hugging_face_cache(os.environ)):
        for snapshot in _snapshots(cache):
            if not missing_files(snapshot):
                return snapshot
    return None


def require_checkpoint(
    model_dir: Path | None,
    *,
    runpod_cache: Path = RUNPOD_MODEL_CACHE,
    hub_cache: Path | None = None,
    download: bool = True,
) -> Path:
    """Return the checkpoint's directory; downloads it (3 GB) into ``hub_cache`` if there is none.

    Raises ``CheckpointMissing``, which names the files, the places searched, and the remedy.
    """
    hub_cache = hub_cache or hugging_face_cache(os.environ)
    found = find_checkpoint(model_dir, runpod_cache=runpod_cache, hub_cache=hub_cache)
    if found is not None:
        return found
    if not download:
        reason = "Downloading is switched off"
    elif _is_offline(os.environ):
        reason = "HF_HUB_OFFLINE forbids a download"
    else:
        try:
            return _download(hub_cache)
        # One message for every cause (network, permissions, disk). It names only the error's type: the
        # text of such errors can contain URLs with credentials.
        except Exception as error:
            logger.warning("Downloading %s failed: %s", REPO_ID, type(error).__name__)
            reason = f"Downloading it failed ({type(error).__name__})"
            raise _nowhere(reason, [runpod_cache, hub_cache]) from error
    raise _nowhere(reason, [runpod_cache, hub_cache])


def hugging_face_cache(environ: Mapping[str, str]) -> Path:
    """Return the hub cache as huggingface_hub finds it: HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME, ~/.cache."""
    if hub := environ.get("HF_HUB_CACHE"):
        return Path(hub).expanduser()
    if home := environ.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    cache = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "huggingface" / "hub"


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _check_model_dir(model_dir: Path) -> None:
    if not model_dir.is_dir():
        wrong = (
            "but there is no such directory: correct it, "
            f"or leave MODEL_DIR unset to use a cached or downloaded {REPO_ID}."
        )
        raise CheckpointMissing(f"MODEL_DIR is {model_dir}, {wrong}", told=f"MODEL_DIR is set, {wrong}")
    if missing := missing_files(model_dir):
        wrong = f"but it lacks {', '.join(missing)}: complete it with `hf download {REPO_ID} --local-dir"
        raise CheckpointMissing(
            f"MODEL_DIR is {model_dir}, {wrong} {model_dir}`, or leave MODEL_DIR unset.",
            told=f"MODEL_DIR is set, {wrong} MODEL_DIR`, or leave MODEL_DIR unset.",
        )


def _snapshots(cache: Path) -> Iterator[Path]:
    """Yield a cache's snapshots of the model: first the one that refs/main names, then newest first."""
    repository = cache / f"models--{REPO_ID.replace('/', '--')}"
    directory = repository / "snapshots"
    if not directory.is_dir():
        return
    snapshots = [path for path in directory.iterdir() if path.is_dir()]
    main = repository / "refs" / "main"
    revision = main.read_text().strip() if main.is_file() else None
    newest_first = sorted(snapshots, key=lambda path: (path.stat().st_mtime, path.name), reverse=True)
    yield from sorted(newest_first, key=lambda path: path.name != revision)


def _is_offline(environ: Mapping[str, str]) -> bool:
    return environ.get("HF_HUB_OFFLINE", "").lower() in _TRUE


def _download(hub_cache: Path) -> Path:
    from huggingface_hub import snapshot_download

    logger.info("Downloading %s (3 GB) to %s", REPO_ID, hub_cache)
    snapshot = Path(
        snapshot_download(
            repo_id=REPO_ID,
            cache_dir=hub_cache,
            token=os.environ.get("HF_TOKEN") or None,
            allow_patterns=_DOWNLOADED,
            ignore_patterns=_NOT_DOWNLOADED,
        )
    )
    if missing := missing_files(snapshot):
        raise FileNotFoundError(", ".join(missing))
    return snapshot


def _nowhere(reason: str, caches: list[Path]) -> CheckpointMissing:
    """Return the error for a search without a result; it says what each place lacks."""
    found = [(name, *_what_is_there(cache)) for name, cache in zip(_CACHES, caches, strict=True)]
    looked = f"No complete {REPO_ID} checkpoint was found: MODEL_DIR is not set; "
    rest = (
        f"{reason}. Set MODEL_DIR to a directory holding {', '.join(REQUIRED_FILES)}, choose {REPO_ID} as "
        f"the endpoint's cached model, or run `hf download {REPO_ID}`."
    )
    here = "; ".join(f"{place} {what}" for _, place, what in found)
    there = "; ".join(f"{name} {what}" for name, _, what in found)
    return CheckpointMissing(f"{looked}{here}. {rest}", told=f"{looked}{there}. {rest}")


def _what_is_there(cache: Path) -> tuple[Path, str]:
    """Return the place that was searched, and what is wrong with it."""
    snapshots = list(_snapshots(cache))
    if not snapshots:
        return cache, "has no snapshot of it"
    return snapshots[0], f"lacks {', '.join(missing_files(snapshots[0]))}"
