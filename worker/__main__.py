"""``python -m worker``: the queue worker or the HTTP server, by ``MODE``, and the commands for people."""

import os
import signal
import sys

from voices.extras import MissingExtra, needing


def main() -> None:
    """Run the named command, else the mode in ``MODE``. The queue worker's flags are the SDK's own."""
    if os.getpid() == 1:  # SIGTERM does not end a container's first process by default
        signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))
    try:
        with needing("worker", purpose="the worker cannot run"):
            from worker.commands import COMMANDS, app

            if sys.argv[1:] and (sys.argv[1] in COMMANDS or sys.argv[1] in ("--help", "-h")):
                app()
            else:
                _run_mode()
    except MissingExtra as error:
        sys.exit(f"error: {error.message}")


def _run_mode() -> None:
    from pydantic import ValidationError

    from worker.settings import Settings, explain_settings

    is_on_runpod = "RUNPOD_WEBHOOK_GET_JOB" in os.environ
    try:
        settings = Settings()
    except ValidationError as error:
        reason = explain_settings(error)
        if not is_on_runpod:
            sys.exit(reason)
        from worker.handler import serve_unable

        serve_unable(reason)
        return
    if settings.mode == "serve":
        from worker.commands import app

        app(["serve", *sys.argv[1:]])
    if not is_on_runpod and not {"--rp_serve_api", "--rp_serve_api=true"} & set(sys.argv):
        sys.exit(
            "There is no RunPod queue here. Try one of:\n"
            '  python -m worker say "Hello there." --out hello.mp3\n'
            "  python -m worker serve                 HTTP, WebSockets, and a page to try it; or MODE=serve\n"
            "  python -m local_runpod                a local RunPod endpoint that runs this worker\n"
            "  python -m worker --rp_serve_api        the RunPod SDK's own local server"
        )
    from worker.handler import serve

    serve(settings)


if __name__ == "__main__":
    main()
