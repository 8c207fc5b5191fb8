"""The doctor, run as whoever calls it would: on machines where this or that is missing or broken."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[3]


class Examined:
    def __init__(self, ran):
        self.code, self.text = ran.returncode, ran.stdout + ran.stderr
        self.findings = json.loads(ran.stdout)["findings"]

    def one(self, what, **level):
        (found,) = self.all(what)
        assert found["level"] == level.get("level", found["level"])
        return found

    def all(self, what):
        return [finding for finding in self.findings if finding["what"] == what]


@pytest.fixture
def doctor(tmp_path):
    """Examine a machine that has only what the test gives it."""

    def examine(*arguments, first_on_path=None, command=(), **env):
        (tmp_path / "empty").mkdir(exist_ok=True)
        clean = {
            name: value
            for name, value in os.environ.items()
            if name not in {"ENGINE", "MODEL_DIR", "HF_HUB_CACHE"} and not name.startswith("RUNPOD_")
        }
        clean |= {
            "PATH": str(first_on_path or tmp_path / "empty"),
            "HF_HOME": str(tmp_path / "hf"),
            "VOICES_DIR": str(tmp_path / "empty"),
            "PORT": "0",
        }
        ran = subprocess.run(
            [*command, sys.executable, "-m", "worker", "doctor", "--json", *arguments],
            env={**clean, **env},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )
        return Examined(ran)

    return examine


def test_a_directory_that_cannot_be_written_is_told(doctor, tmp_path):
    voices = tmp_path / "voices"
    voices.mkdir(mode=0o500)
    # Root may write anywhere, unless it has lost its capabilities.
    as_anybody = [] if os.geteuid() else [shutil.which("setpriv"), "--inh-caps=-all", "--bounding-set=-all"]
    examined = doctor("--no-self-test", command=as_anybody, ENGINE="preview", VOICES_DIR=str(voices))
    assert any("is not writable" in found["detail"] for found in examined.all("voices"))


def test_without_gpu_weights_or_voices_it_says_what_to_do_and_speaks_with_preview(doctor):
    examined = doctor()
    assert examined.code == 1, examined.text
    assert "--gpus all" in examined.one("GPU", level="warning")["remedy"]
    checkpoint = examined.one("checkpoint", level="warning")
    assert "does not clone" in checkpoint["detail"]
    assert "hf download ResembleAI/chatterbox-turbo" in checkpoint["remedy"]
    voices = examined.one("voices", level="warning")
    assert "is empty" in voices["detail"]
    assert "voices add" in voices["remedy"]
    spoken = examined.one("self-test", level="ok")["detail"]
    assert spoken.startswith("preview loaded in ")
    assert "real-time factor" in spoken


def test_whatever_is_not_well_has_a_remedy(doctor):
    findings = doctor("--no-self-test", ENGINE="preview", MAX_RESULT_MB="x").findings
    assert all(finding["remedy"] for finding in findings if finding["level"] != "ok")
    assert {"Python", "system", "memory limit", "CPU limit", "disk", "large results"} <= {
        finding["what"] for finding in findings
    }


def test_with_preview_and_a_voice_all_is_well(doctor, registry, prepared):
    from voices.publication import Publisher

    Publisher(registry).add("anna", prepared)
    examined = doctor(ENGINE="preview", VOICES_DIR=str(registry.store.root))
    assert (examined.code, json.loads(examined.text)["level"]) == (0, "ok")


def test_it_speaks_with_the_weights_that_are_there(doctor, small_checkpoint):
    examined = doctor(ENGINE="chatterbox-turbo", MODEL_DIR=str(small_checkpoint))
    assert str(small_checkpoint) in examined.one("checkpoint", level="ok")["detail"]
    assert examined.one("self-test")["detail"].startswith("chatterbox-turbo loaded in ")
    assert examined.one("self-test")["level"] != "fault"


def test_incomplete_weights_are_named_and_nothing_is_downloaded(doctor, torch_at, tmp_path):
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "ve.safetensors").write_bytes(b"x")
    examined = doctor(**torch_at(), MODEL_DIR=str(tmp_path / "weights"))
    assert examined.code == 2
    assert "t3_turbo_v1.safetensors" in examined.one("checkpoint", level="fault")["detail"]
    assert "skipped" in examined.one("self-test", level="warning")["detail"]


def test_wrong_settings_are_named_and_the_rest_is_still_examined(doctor):
    examined = doctor(FLOW_STEPS="7", ENGINE="preview")
    assert examined.code == 2
    (wrong,) = [each for each in examined.all("settings") if each["level"] == "fault"]
    assert wrong["detail"].startswith("FLOW_STEPS: ")
    assert examined.all("disk")
    assert not examined.all("self-test")


def test_no_secret_is_printed(doctor):
    secrets = dict.fromkeys(("RUNPOD_API_KEY", "API_KEY", "BUCKET_SECRET_ACCESS_KEY"), "heliotrope")
    examined = doctor("--no-self-test", ENGINE="preview", **secrets)
    assert "heliotrope" not in examined.text
    assert "RUNPOD_API_KEY" in examined.one("RunPod variables")["detail"]
    assert "BUCKET_ENDPOINT_URL" in examined.one("large results", level="fault")["remedy"]


TORCH = """
import os
from types import SimpleNamespace
{crash}
__version__ = "9.9"
version = SimpleNamespace(cuda="12.8")
def ones(*_, **__):
    return SimpleNamespace(sum=lambda: SimpleNamespace(item=lambda: 8.0))
cuda = SimpleNamespace(
    is_available=lambda: {gpus}, device_count=lambda: {gpus}, get_arch_list=lambda: ["sm_80", "sm_90"],
    mem_get_info=lambda _: (1 << 30, {memory} << 30), get_device_name=lambda _: "A card",
    get_device_capability=lambda _: {capability},
)
"""


@pytest.fixture
def torch_at(tmp_path):
    """Put a torch on the path that finds such a machine, or dies."""

    def put(*, crash="", gpus=1, memory=80, capability=(8, 9)):
        folder = tmp_path / "packages"
        folder.mkdir()
        (folder / "torch.py").write_text(
            TORCH.format(crash=crash, gpus=gpus, memory=memory, capability=capability)
        )
        (folder / "chatterbox.py").touch()
        return {"PYTHONPATH": os.pathsep.join((str(folder), str(ROOT))), "ENGINE": "chatterbox-turbo"}

    return put


@pytest.fixture
def driver(tmp_path):
    """Return a directory with an nvidia-smi that sees one card."""
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'A card, 570.1, 8.9, 24576, 24000'\n")
    program.chmod(0o755)
    return program.parent


def test_a_torch_that_crashes_does_not_take_the_doctor_along(doctor, torch_at):
    examined = doctor("--no-self-test", **torch_at(crash="os.abort()"))
    assert examined.code == 2
    assert "its process ended with -6" in examined.one("torch", level="fault")["detail"]
    assert examined.all("disk")


def test_a_gpu_that_works_is_described(doctor, torch_at, driver):
    examined = doctor("--no-self-test", first_on_path=driver, **torch_at())
    assert "driver 570.1, compute capability 8.9" in examined.one("GPU", level="ok")["detail"]
    assert "A card" in examined.one("CUDA", level="ok")["detail"]


@pytest.mark.parametrize(
    ("machine", "what", "told"),
    [
        ({"gpus": 0}, "CUDA", "torch sees no GPU"),
        ({"capability": (7, 5)}, "CUDA", "sm_75; this torch has kernels for sm_80, sm_90"),
        ({"memory": 8}, "GPU memory", "8.6 GB, 1.1 GB free"),
    ],
)
def test_a_gpu_that_cannot_be_used_is_told_with_the_reason(doctor, torch_at, driver, machine, what, told):
    examined = doctor("--no-self-test", first_on_path=driver, **torch_at(**machine))
    assert told in examined.one(what)["detail"]
    assert examined.one(what)["level"] != "ok"


def test_people_read_a_line_a_finding(tmp_path):
    env = {**os.environ, "ENGINE": "preview", "VOICES_DIR": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-m", "worker", "doctor", "--no-self-test"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "warning  voices: " in ran.stdout
    assert "faults, " in ran.stdout
