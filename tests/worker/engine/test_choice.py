"""What a deployment sets reaches the engine."""

from pathlib import Path
from typing import Any

import pytest

from worker.engine.chatterbox.s3gen.settings import S3GenSettings
from worker.engine.choice import open_engine
from worker.engine.preview.engine import PreviewEngine
from worker.settings import Settings


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, S3GenSettings()),
        (
            {
                "prompt_seconds": 4.97,
                "left_context_seconds": 0,
                "flow_steps": 1,
                "s3gen_precision": "float32",
            },
            S3GenSettings(prompt_tokens=124, left_tokens=0, flow_steps=1, flow_precision="float32"),
        ),
    ],
)
def test_how_s3gen_renders_is_set_by_the_deployment(
    small_checkpoint: Path, chosen: dict[str, Any], expected: S3GenSettings
) -> None:
    fixed = {"engine": "chatterbox-turbo", "model_dir": small_checkpoint, "device": "cpu"}
    engine: Any = open_engine(Settings(**fixed, watermark=False, **chosen))
    try:
        assert engine._s3gen.settings == expected
    finally:
        engine.close()


def test_preview_has_no_prompt_and_takes_the_settings_all_the_same() -> None:
    assert isinstance(open_engine(Settings(engine="preview", prompt_seconds=2)), PreviewEngine)
