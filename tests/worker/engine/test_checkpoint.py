"""Where a checkpoint is looked for, in which order, and what is said when there is none."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from worker.engine.checkpoint import (
    REQUIRED_FILES,
    S3GEN_FILE,
    T3_FILE,
    find_checkpoint,
    hugging_face_cache,
    require_checkpoint,
)
from worker.errors import CheckpointMissing


def write_checkpoint(directory: Path) -> Path:
    directory.mkdir(parents=True)
    for name in REQUIRED_FILES:
        (directory / name).write_bytes(b"x")
    return directory


def write_snapshot(cache: Path, revision: str) -> Path:
    return write_checkpoint(cache / "models--ResembleAI--chatterbox-turbo" / "snapshots" / revision)


def set_main(cache: Path, revision: str) -> None:
    refs = cache / "models--ResembleAI--chatterbox-turbo" / "refs"
    refs.mkdir()
    (refs / "main").write_text(revision)


@pytest.fixture
def caches(tmp_path: Path) -> dict[str, Path]:
    return {"runpod_cache": tmp_path / "runpod", "hub_cache": tmp_path / "hub"}


class TestFindCheckpoint:
    def test_finds_nothing_where_nothing_is(self, caches: dict[str, Path]) -> None:
        assert find_checkpoint(None, **caches) is None

    def test_prefers_model_dir_then_runpods_cache_then_hugging_faces(
        self, tmp_path: Path, caches: dict[str, Path]
    ) -> None:
        in_hub = write_snapshot(caches["hub_cache"], "aa")
        assert find_checkpoint(None, **caches) == in_hub
        in_runpod = write_snapshot(caches["runpod_cache"], "bb")
        assert find_checkpoint(None, **caches) == in_runpod
        model_dir = write_checkpoint(tmp_path / "model")
        assert find_checkpoint(model_dir, **caches) == model_dir

    def test_takes_the_image_s_own_weights_where_it_has_all_of_them(
        self, tmp_path: Path, caches: dict[str, Path]
    ) -> None:
        in_runpod = write_snapshot(caches["runpod_cache"], "bb")
        image_model = write_checkpoint(tmp_path / "image")
        assert find_checkpoint(None, image_model=image_model, **caches) == image_model
        (image_model / T3_FILE).unlink()
        assert find_checkpoint(None, image_model=image_model, **caches) == in_runpod

    def test_follows_main_even_when_another_snapshot_is_newer(self, caches: dict[str, Path]) -> None:
        main = write_snapshot(caches["hub_cache"], "main-revision")
        newer = write_snapshot(caches["hub_cache"], "newer")
        os.utime(newer, (2e9, 2e9))
        assert find_checkpoint(None, **caches) == newer
        set_main(caches["hub_cache"], "main-revision")
        assert find_checkpoint(None, **caches) == main

    def test_passes_over_an_interrupted_download(self, caches: dict[str, Path]) -> None:
        older = write_snapshot(caches["hub_cache"], "older")
        os.utime(older, (1e9, 1e9))
        newest = write_snapshot(caches["hub_cache"], "newest")
        (newest / S3GEN_FILE).unlink()
        (newest / S3GEN_FILE).symlink_to(newest / "no-such-blob")
        set_main(caches["hub_cache"], "newest")
        assert find_checkpoint(None, **caches) == older

    def test_refuses_an_incomplete_model_dir_though_a_cache_is_complete(
        self, tmp_path: Path, caches: dict[str, Path]
    ) -> None:
        write_snapshot(caches["hub_cache"], "aa")
        model_dir = write_checkpoint(tmp_path / "model")
        (model_dir / T3_FILE).unlink()
        (model_dir / "merges.txt").write_bytes(b"")
        with pytest.raises(CheckpointMissing) as caught:
            find_checkpoint(model_dir, **caches)
        assert f"{model_dir}, but it lacks {T3_FILE}, merges.txt" in caught.value.message

    def test_refuses_a_model_dir_that_does_not_exist(self, tmp_path: Path, caches: dict[str, Path]) -> None:
        with pytest.raises(CheckpointMissing, match="there is no such directory"):
            find_checkpoint(tmp_path / "typo", **caches)


class TestRequireCheckpoint:
    def test_says_what_was_looked_for_and_where(
        self, caches: dict[str, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        snapshot = write_snapshot(caches["hub_cache"], "aa")
        (snapshot / S3GEN_FILE).unlink()
        with pytest.raises(CheckpointMissing) as caught:
            require_checkpoint(None, **caches)
        message = caught.value.message
        assert "ResembleAI/chatterbox-turbo" in message
        assert f"{caches['runpod_cache']} has no snapshot" in message
        assert f"{snapshot} lacks {S3GEN_FILE}" in message
        assert "HF_HUB_OFFLINE forbids a download" in message
        assert "hf download" in message
        assert caught.value.code == "engine_failure"

    def test_downloads_into_the_cache_where_it_is_found_next_time(
        self, caches: dict[str, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: dict[str, Any] = {}

        def download(**options: Any) -> str:
            asked.update(options)
            return str(write_snapshot(options["cache_dir"], "cc"))

        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
        directory = require_checkpoint(None, **caches)
        assert asked["repo_id"] == "ResembleAI/chatterbox-turbo"
        assert asked["token"] == "hf_secret"
        assert find_checkpoint(None, **caches) == directory

    def test_a_failed_download_never_tells_the_token(
        self, caches: dict[str, Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def download(**options: Any) -> str:
            raise ConnectionError(f"https://user:{options['token']}@hub")

        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
        with pytest.raises(CheckpointMissing, match=r"Downloading it failed \(ConnectionError\)") as caught:
            require_checkpoint(None, **caches)
        assert "hf_secret" not in caught.value.message + caplog.text


class TestHuggingFaceCache:
    def test_takes_the_most_specific_variable(self) -> None:
        every = {"HF_HUB_CACHE": "/a", "HF_HOME": "/b", "XDG_CACHE_HOME": "/c"}
        assert hugging_face_cache(every) == Path("/a")
        assert hugging_face_cache({"HF_HOME": "/b", "XDG_CACHE_HOME": "/c"}) == Path("/b/hub")
        assert hugging_face_cache({"XDG_CACHE_HOME": "/c"}) == Path("/c/huggingface/hub")
        assert hugging_face_cache({}) == Path("~/.cache/huggingface/hub").expanduser()


def test_needs_neither_torch_nor_the_hub() -> None:
    code = (
        "import sys, worker.engine.checkpoint, worker.engine.chatterbox.fingerprint; "
        "sys.exit(bool({'torch', 'transformers', 'huggingface_hub'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
