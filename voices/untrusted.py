"""Untrusted clips are decoded in a process of their own, with a ceiling on its memory.

``decode_clip`` bounds what comes out of ffmpeg; what ffmpeg itself allocates it cannot. An MP4 of
1,500 bytes may claim 178 million packets, and ffmpeg makes an index of them, 6 GB, before it
returns. Costs a third of a second.
"""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

from voices.clip import Clip, Samples, Source
from voices.decoding import DECODE_LIMITS, DecodeLimits, decode_clip
from voices.errors import InvalidClip

MEMORY_BYTES = 1024**3
"""Beyond what the interpreter takes: ten minutes of stereo need half of it."""
_START_SECONDS = 15.0
"""For the process to start on a busy machine; the decoding has its own limit."""
_COMMAND = "from voices.untrusted import _main; _main()"


def decode_untrusted(source: Path | bytes, *, limits: DecodeLimits = DECODE_LIMITS) -> Clip:
    """Decode like ``voices.decoding.decode_clip``, which see, in a process that cannot exhaust this one.

    Raises ``InvalidClip`` likewise, and when the file takes too much memory.
    """
    path = "" if isinstance(source, bytes) else str(source.absolute())
    # The child finds the modules where this process did; -P keeps a stray module here from being one.
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(each or str(Path.cwd()) for each in sys.path),
        "OPENBLAS_NUM_THREADS": "1",
    }
    try:
        finished = subprocess.run(  # noqa: S603 - our own interpreter, and no shell
            [sys.executable, "-P", "-c", _COMMAND, path, str(limits.decode_seconds)],
            input=source if isinstance(source, bytes) else b"",
            capture_output=True,
            timeout=limits.decode_seconds + _START_SECONDS,
            env=environment,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise InvalidClip("The clip takes too long to decode.", reason="too_slow") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").splitlines()[-1:]
        raise InvalidClip(
            "The clip could not be decoded within its memory: it is damaged, or made to do harm.",
            reason="not_audio",
        ) from RuntimeError(*said)
    return _read(finished.stdout)


def _read(answer: bytes) -> Clip:
    header, _, payload = answer.partition(b"\n")
    facts = json.loads(header)
    if "reason" in facts:
        raise InvalidClip(facts["message"], reason=facts["reason"])
    numbers = np.frombuffer(payload, np.float32)
    clipped: Samples = numbers[: facts.pop("frames")]
    samples: Samples = numbers[len(clipped) :]
    return Clip(samples, facts.pop("clip_rate"), Source(**facts, clipped=clipped))


def _main() -> None:
    """Be the child: decode the file named first, or what stands on standard input."""
    path, decode_seconds = sys.argv[1:]
    source = Path(path) if path else sys.stdin.buffer.read()
    _limit_memory()
    try:
        clip = decode_clip(source, limits=DecodeLimits(decode_seconds=float(decode_seconds)))
    except InvalidClip as error:
        _answer({"message": error.message, "reason": error.reason})
        return
    origin = clip.source
    assert origin is not None  # noqa: S101 - what was decoded has a source
    facts = {
        "name": origin.name,
        "codec": origin.codec,
        "sample_rate": origin.sample_rate,
        "channels": origin.channels,
        "peak": origin.peak,
        "lost_seconds": origin.lost_seconds,
        "frames": len(origin.clipped),
        "clip_rate": clip.sample_rate,
    }
    _answer(facts, origin.clipped, clip.samples)


def _answer(facts: dict[str, object], *arrays: Samples) -> None:
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n")
    for array in arrays:
        sys.stdout.buffer.write(np.ascontiguousarray(array, np.float32).data)


def _limit_memory() -> None:
    """Cap the address space at what it is now and ``MEMORY_BYTES``."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    ceiling = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
