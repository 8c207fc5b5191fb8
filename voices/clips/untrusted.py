"""Untrusted clips are decoded in a process of their own, with a ceiling on its memory.

``decode_clip`` bounds what comes out of ffmpeg; what ffmpeg itself allocates it cannot. An MP4 of
1,500 bytes may claim 178 million packets, and ffmpeg makes an index of them, 6 GB, before it
returns. Costs a third of a second.
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
"""Beyond what the interpreter takes: ten minutes of stereo need half of it."""
_BUSY = 3.0
"""So many times its limit may a process take on a machine that has other work."""
_START_SECONDS = 15.0
"""And so long to start. The limit itself counts the processor's time: that is the clip's own doing."""
_SPARE_SECONDS = 2
_TOO_BUSY = os.EX_TEMPFAIL
"""The process's own word for it."""
_NO_TIME = "this machine is too busy to decode it in time"


def decode_untrusted(source: Path | bytes, *, limits: DecodeLimits = DECODE_LIMITS) -> Clip:
    """Decode like ``decode_clip``, which see, in a process that cannot exhaust this one.

    Raises ``InvalidClip`` likewise, and when the file takes too much memory; ``DecoderFailure`` when that
    process is ended from outside, or gets no time.
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
    """Say why a process answered nothing."""
    ended_by = -finished.returncode
    if ended_by == signal.SIGXCPU:
        return too_slow(limits)
    if finished.returncode == _TOO_BUSY:
        return DecoderFailure(_NO_TIME)
    if ended_by in _FROM_OUTSIDE:
        return DecoderFailure("the process that decodes it was ended, as where a machine has no memory left")
    return InvalidClip(
        "The clip could not be decoded within its memory: it is damaged, or made to do harm.",
        reason="not_audio",
    )


_FROM_OUTSIDE = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
"""What ends a process that has done nothing wrong; a clip that makes the decoder crash ends it by others."""


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
    path, decode_seconds = sys.argv[1], float(sys.argv[2])
    source = Path(path) if path else sys.stdin.buffer.read()
    limit_memory(MEMORY_BYTES)
    # For what ffmpeg computes without looking at a clock of ours.
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
