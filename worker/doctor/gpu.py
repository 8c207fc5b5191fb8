"""The GPU: the driver's report, and whether torch can use it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from shutil import which
from typing import Any

from voices.extras import how_to_install
from worker.doctor.finding import GIGABYTE, Finding, Subject, fault, ok, warning

_QUERY = "name,driver_version,compute_cap,memory.total,memory.free"
_DRIVER_SECONDS = 30
_TORCH_SECONDS = 120
_RECOMMENDED_BYTES = 11 * GIGABYTE
"""DEPLOYMENT.md recommends 12 GB; a card sold as such has a little less."""

_PROBE = """
import json, time
began = time.perf_counter()
import torch
found = {"version": torch.__version__, "cuda": torch.version.cuda, "import_s": time.perf_counter() - began}
found["archs"] = torch.cuda.get_arch_list() if torch.version.cuda else []
found["gpus"] = []
if torch.cuda.is_available():
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        capability = "%d.%d" % torch.cuda.get_device_capability(index)
        name = torch.cuda.get_device_name(index)
        found["gpus"].append({"name": name, "capability": capability, "free": free, "total": total})
    torch.ones(8, device="cuda").sum().item()
print(json.dumps(found))
"""
"""Run in a separate process: with a broken CUDA, importing or using it can hang or crash."""


def check_driver(subject: Subject) -> Iterator[Finding]:
    """Report the GPUs that the driver sees."""
    found = _driver_says()
    if found:
        for line in found:
            name, driver, capability, total, free = (each.strip() for each in line.split(","))
            detail = f"{name}, driver {driver}, compute capability {capability}, {free} of {total} MiB free"
            yield ok("GPU", detail)
    elif subject.settings.device.startswith("cuda"):
        yield fault(
            "GPU",
            f"nvidia-smi finds none, but DEVICE is {subject.settings.device}",
            "Start the container with a GPU (docker run --gpus all), or unset DEVICE.",
        )
    elif subject.settings.engine == "preview":
        yield ok("GPU", "none; the preview engine needs none")
    else:
        yield warning(
            "GPU",
            "nvidia-smi finds none: Chatterbox would run on the CPU",
            "Choose a GPU with 12 GB or more for the endpoint, or start the container with --gpus all.",
        )


def check_torch(subject: Subject) -> Iterator[Finding]:
    """Import torch and use the GPU, in a separate process."""
    if subject.settings.engine == "preview":
        yield ok("torch", "not checked: the preview engine does not use it")
        return
    if find_spec("torch") is None or find_spec("chatterbox") is None:
        found = fault if subject.settings.engine == "chatterbox-turbo" else warning
        yield found(
            "torch",
            "Chatterbox's packages are not installed: only the preview engine can speak",
            f"Set ENGINE=preview, or install them with: {how_to_install('worker', 'chatterbox')}",
        )
        return
    probed = _probe_torch()
    if isinstance(probed, str):
        yield fault(
            "torch",
            probed,
            "Run `python -c 'import torch; torch.cuda.init()'` to see the whole error, then reinstall.",
        )
        return
    cuda = f"CUDA {probed['cuda']}" if probed["cuda"] else "without CUDA"
    yield ok("torch", f"{probed['version']}, {cuda}, imported in {probed['import_s']:.1f} s")
    yield from _usable(probed, subject)


def _usable(probed: dict[str, Any], subject: Subject) -> Iterator[Finding]:
    """Compare torch's report with the driver's."""
    if not probed["gpus"]:
        if _driver_says() or subject.settings.device.startswith("cuda"):
            yield fault(
                "CUDA",
                "torch sees no GPU",
                f"Update the host's driver to one for CUDA {probed['cuda'] or '12'} or later: on RunPod, "
                "choose the CUDA version in the endpoint's settings.",
            )
        return
    for gpu in probed["gpus"]:
        architecture = f"sm_{gpu['capability'].replace('.', '')}"
        if not _can_run(architecture, probed["archs"]):
            yield fault(
                "CUDA",
                f"{gpu['name']} is {architecture}; this torch has kernels for {', '.join(probed['archs'])}",
                "Choose another GPU, or install a torch built for this one.",
            )
        elif gpu["total"] < _RECOMMENDED_BYTES:
            yield warning(
                "GPU memory",
                f"{gpu['name']} has {gpu['total'] / GIGABYTE:.1f} GB, {gpu['free'] / GIGABYTE:.1f} GB free",
                "Choose a GPU with 12 GB or more, or lower DECODE_SLOTS and DEVICE_VOICE_CACHE_MB.",
            )
        else:
            yield ok("CUDA", f"works on {gpu['name']}, {gpu['free'] / GIGABYTE:.1f} GB free")


def _can_run(architecture: str, built_for: list[str]) -> bool:
    """Whether there are kernels: same major version, and a minor version that is not later."""
    same_major = [each for each in built_for if each.startswith("sm_") and each[:-1] == architecture[:-1]]
    return any(each <= architecture for each in same_major)


def _driver_says() -> list[str]:
    """Return nvidia-smi's line for each GPU; empty if it is missing or fails."""
    if (program := which("nvidia-smi")) is None:
        return []
    command = [program, f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits"]
    try:
        ran = subprocess.run(  # noqa: S603  # resolved through PATH
            command, capture_output=True, text=True, check=True, timeout=_DRIVER_SECONDS
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return ran.stdout.strip().splitlines()


def _probe_torch() -> dict[str, Any] | str:
    """Return torch's report, or the reason why it failed."""
    try:
        ran = subprocess.run(  # noqa: S603  # the running Python
            [sys.executable, "-c", _PROBE],
            capture_output=True,
            text=True,
            check=False,
            timeout=_TORCH_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"importing torch and one sum on the GPU took more than {_TORCH_SECONDS} s"
    if ran.returncode != 0:
        last = (ran.stderr.strip().splitlines() or ["no message"])[-1]
        return f"its process ended with {ran.returncode}: {last}"
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found
