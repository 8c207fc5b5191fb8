"""`python -m local_runpod`: a RunPod endpoint on this machine."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from typing import TYPE_CHECKING

from local_runpod.local_endpoint import LocalEndpoint
from local_runpod.worker_process import DEFAULT_COMMAND, WorkerDied

if TYPE_CHECKING:
    from collections.abc import Sequence

WATCH_EVERY_S = 0.2
LAST_PORT = 65_535

READY = """\
The endpoint is ready: {url}

  curl --fail-with-body -sS {auth}-X POST {url}/run -d '{{"input": {{"text": "Hello there."}}}}'
  curl --fail-with-body -sS {auth}{url}/stream/JOB_ID        events since the last call
  curl --fail-with-body -sS {auth}{url}/status/JOB_ID
  curl --fail-with-body -sS {auth}-X POST {url}/runsync -d '{{"input": {{"action": "list_voices"}}}}'
  curl --fail-with-body -sS {auth}{url}/health

Ctrl-C ends it."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options; the arguments after `--` are the worker's command."""
    parser = argparse.ArgumentParser(
        prog="python -m local_runpod",
        description="RunPod's queue on this machine, with one or more workers.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=_port, default=8001, help="0 chooses a free one (default %(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="worker processes (default %(default)s)")
    parser.add_argument("--api-key", help="require this key from clients as a bearer token")
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="host name that clients may use, besides IP addresses and localhost; * allows all. Default: "
        "none on a loopback address without --api-key, else all",
    )
    parser.add_argument(
        "command", nargs="*", metavar="-- COMMAND", help="the worker's command (default: python -m worker)"
    )
    return parser.parse_args(arguments)


def _port(value: str) -> int:
    if not value.isdecimal() or int(value) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"the port must be a number from 0 to {LAST_PORT}")
    return int(value)


def serve(options: argparse.Namespace) -> None:
    """Run the endpoint until it is interrupted; raise WorkerDied if a worker ends on its own."""
    endpoint = LocalEndpoint(
        options.command or DEFAULT_COMMAND,
        workers=options.workers,
        host=options.host,
        port=options.port,
        api_key=options.api_key,
        allowed_hosts=options.allowed_host,
        inherit_log=True,
    )
    with endpoint:
        say(f"Starting {options.workers} worker(s) ...")
        endpoint.wait_until_ready()
        auth = "-H 'Authorization: Bearer YOUR_KEY' " if options.api_key else ""
        say(READY.format(url=endpoint.url, auth=auth))
        while True:
            endpoint.check_workers()
            time.sleep(WATCH_EVERY_S)


def say(text: str) -> None:
    """Write to the terminal at once, even if it is a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # service managers send it instead of Ctrl-C
    try:
        serve(options)
    except KeyboardInterrupt:
        say("Ended.")
    except (OSError, WorkerDied) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
