"""`scripts/demo`: the main use case on this machine, from a clip to streamed speech.

Every step is a command or a class for users: the `voices` command, the real worker under the real RunPod SDK
with RunPod's queue on this machine, and the Python client.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from chatterpod import ClientError, SpeechClient
from local_runpod.local_endpoint import LocalEndpoint
from local_runpod.worker_process import WorkerDied

if TYPE_CHECKING:
    from collections.abc import Sequence


TEXT = (
    "Good evening. What you are listening to was still being spoken when its first words were already here. "
    "A clip became a voice, the voice was stored as a few small files, and a job on the queue asked for this "
    "paragraph. The worker sent it back in pieces, each as soon as it was made, and the client put them "
    "together and checked that nothing was missing."
)
REFERENCE_TEXT = (
    "This clip was made for the demonstration, because none was given. A recording of ten to fifteen seconds "
    "of clear speech, without music or echo, makes the best voice. Speak as you would to a friend."
)
VOICE_ID = "demo"
FORMATS = ("wav", "mp3")
READY_TIMEOUT_S = 900.0  # the first start may download the weights
BARS = "▁▂▃▄▅▆▇█"
BAR_COUNT = 72
SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class StreamedRequest:
    """Outcome of one streamed request."""

    path: Path
    engine: str
    first_audio_ms: float
    """Measured by the client, from the call to the first piece of audio."""
    worker_first_audio_ms: float
    rtf: float
    chunks: int
    seconds: float


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="scripts/demo", description="From a clip to streamed speech, on this machine."
    )
    parser.add_argument("--text", default=TEXT, help="text to speak")
    parser.add_argument(
        "--clip", type=Path, help="10 to 15 s of clear speech; by default the preview engine makes one"
    )
    parser.add_argument(
        "--engine",
        default=os.environ.get("ENGINE") or "auto",
        help="auto, preview or chatterbox-turbo (default %(default)s)",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("out"), help="folder for the files (default %(default)s)"
    )
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> None:
    """Run all steps; raises CalledProcessError, WorkerDied or ClientError if one fails."""
    options.out = Path(os.path.relpath(options.out))  # the path that a user would type
    options.out.mkdir(parents=True, exist_ok=True)
    voices_dir = options.out / "voices"
    os.environ["ENGINE"] = options.engine
    say("1. a reference clip")
    clip = options.clip or make_clip(options.out / "reference.wav")
    say("2. the clip becomes a voice")
    command("voices_cli", "add", VOICE_ID, str(clip), "--force", "--target", str(voices_dir))
    say("3. the worker starts, on the RunPod SDK's own loop, with a queue on this machine")
    began = time.perf_counter()
    with LocalEndpoint(env={"VOICES_DIR": str(voices_dir.resolve())}) as endpoint:
        endpoint.wait_until_ready(READY_TIMEOUT_S)
        say(f"   ready after {time.perf_counter() - began:.1f} s: {endpoint.url}")
        say("4. a paragraph is streamed in that voice")
        with SpeechClient(endpoint.url) as client:
            for name in FORMATS:
                report(stream(client, options.text, options.out / f"demo.{name}"))
    draw_waveform(options.out / "demo.wav")


def make_clip(path: Path) -> Path:
    """Speak a reference clip with the preview engine."""
    command("worker", "say", REFERENCE_TEXT, "--engine", "preview", "--out", str(path))
    return path


def stream(client: SpeechClient, text: str, path: Path) -> StreamedRequest:
    """Stream one request into a file."""
    speech = client.speak(text, voice_id=VOICE_ID, format=path.suffix.removeprefix("."))
    speech.save(path)
    assert speech.start is not None  # noqa: S101 - complete speech has all three
    assert speech.end is not None  # noqa: S101
    assert speech.first_audio_s is not None  # noqa: S101
    return StreamedRequest(
        path=path,
        engine=speech.start.engine,
        first_audio_ms=speech.first_audio_s * 1000,
        worker_first_audio_ms=speech.metrics["ttfa_ms"],
        rtf=speech.metrics["rtf"],
        chunks=speech.end.chunks,
        seconds=speech.end.audio_seconds,
    )


def report(result: StreamedRequest) -> None:
    """Print the outcome."""
    say(
        f"   {result.path}: {result.seconds:.1f} s of speech by {result.engine}, in {result.chunks} chunks\n"
        f"      first audio      {result.first_audio_ms:.0f} ms at the client, "
        f"{result.worker_first_audio_ms:.0f} ms in the worker\n"
        f"      real-time factor {result.rtf:.3f}"
    )


def draw_waveform(path: Path) -> None:
    """Draw the file's loudness as a line of bars."""
    samples, _ = soundfile.read(path, dtype="float32")
    levels = [float(np.abs(part).max(initial=0)) for part in np.array_split(samples, BAR_COUNT)]
    scale = max(*levels, 1e-6)
    say("   " + "".join(BARS[round(level / scale * (len(BARS) - 1))] for level in levels))


def command(module: str, *arguments: str) -> None:
    """Run one of the project's commands and print it as a user would type it."""
    shown = {"voices_cli": "voices", "worker": "python -m worker"}[module]
    say(f"   $ {shown} {shlex.join(shorten(each) for each in arguments)}")
    subprocess.run([sys.executable, "-m", module, *arguments], check=True)  # noqa: S603 - a fixed command


def shorten(argument: str) -> str:
    """Shorten a long text for the screen."""
    return argument if len(argument) <= SHOWN_CHARACTERS else argument[:SHOWN_CHARACTERS] + "..."


def say(line: str) -> None:
    """Write to the terminal at once, even if it is a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run the demo and return its exit code."""
    options = parse(sys.argv[1:])
    try:
        run(options)
    except subprocess.CalledProcessError as error:
        return error.returncode  # the command has printed the reason
    except (ClientError, WorkerDied, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    say(f"Listen to {options.out / 'demo.wav'} and {options.out / 'demo.mp3'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
