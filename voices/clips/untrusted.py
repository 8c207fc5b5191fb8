"""Decoding of untrusted clips in a subprocess with bounded memory.

``decode_clip`` bounds ffmpeg's output, but not its allocations: for an MP4 of 1,500 bytes that claims 178
million packets, ffmpeg builds an index of 6 GB. The subprocess costs a third of a second.
"""

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from voices.apart import limit_memory, limit_processor, run_apart
from voices.clips.clip import Clip, Samples, Source
from voices.clips.decoding import DECODE_LIMITS, DecodeLimits, decode_clip, too_slow
from voices.errors import DecoderFailure, InvalidClip

MEMORY_BYTES = 1024**3
"""In addition to the interpreter's memory; ten minutes of stereo need half of it."""
_BUSY = 3.0
"""Wall-clock time allowed on a busy machine, as a multiple of the CPU time limit."""
_START_SECONDS = 15.0
"""Additional wall-clock time for the start. The limit itself is CPU time, which only the clip determines."""
_SPARE_SECONDS = 2
_TOO_BUSY = os.EX_TEMPFAIL
"""The subprocess's exit status if it got too little CPU time."""
_NO_TIME = "this machine is too busy to decode it in time"


def decode_untrusted(source: Path | bytes, *, limits: DecodeLimits = DECODE_LIMITS) -> Clip:
    """Decode like ``decode_clip``, in a subprocess that cannot exhaust this process.

    Raises ``InvalidClip`` like it, and if the file needs too much memory; ``DecoderFailure`` if the
    subprocess is killed from outside or gets too little CPU time.
    """
    path = "" if isinstance(source, bytes) else str(source.absolute())
    try:
        finished = run_apart(
            "voices.clips.untrusted:_main",
            path,
            str(limits.decode_seconds),
            given=source if isinstance(source, bytes) else b"",
            within_s=limits.decode_seconds * _BUSY + _START_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise DecoderFailure(_NO_TIME) from error
    except OSError as error:
        raise DecoderFailure("no process could be started to decode it") from error
    if finished.returncode:
        raise _failure(finished, limits) from RuntimeError(
            *finished.stderr.decode(errors="replace").splitlines()[-1:]
        )
    return _read(finished.stdout)


def _failure(
    finished: subprocess.CompletedProcess[bytes], limits: DecodeLimits
) -> InvalidClip | DecoderFailure:
    """Return the error for a subprocess that ended without a result."""
    ended_by = -finished.returncode
    if ended_by == signal.SIGXCPU:
        return too_slow(limits)
    if finished.returncode == _TOO_BUSY:
        return DecoderFailure(_NO_TIME)
    if ended_by in _FROM_OUTSIDE:
        return DecoderFailure(
            "the decoding process was killed, perhaps because the machine ran out of memory"
        )
    return InvalidClip(
        "The clip needs too much memory to decode: it is damaged or malicious.",
        reason="not_audio",
    )


_FROM_OUTSIDE = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
"""Signals sent from outside; a clip that crashes the decoder causes other signals."""


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
    """Run in the subprocess: decode the file named by the first argument, or standard input."""
    path, decode_seconds = sys.argv[1], float(sys.argv[2])
    source = Path(path) if path else sys.stdin.buffer.read()
    limit_memory(MEMORY_BYTES)
    # For computations in ffmpeg that never return to check_time.
    limit_processor(math.ceil(time.process_time() + decode_seconds) + _SPARE_SECONDS)
    try:
        clip = decode_clip(
            source, limits=DecodeLimits(decode_seconds=decode_seconds), clock=time.process_time
        )
    except InvalidClip as error:
        _answer({"message": error.message, "reason": error.reason})
        return
    except DecoderFailure:
        sys.exit(_TOO_BUSY)
    origin = clip.source
    assert origin is not None  # noqa: S101 - a decoded clip has a source
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
