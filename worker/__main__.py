"""``python -m worker``: the queue worker, and commands that need no server."""

import os
import sys

from worker.commands import COMMANDS, app


def main() -> None:
    """Run a command, or without one the queue worker; its flags are the SDK's own."""
    if sys.argv[1:] and (sys.argv[1] in COMMANDS or sys.argv[1] in ("--help", "-h")):
        app()
    else:
        _serve_queue()


def _serve_queue() -> None:
    from pydantic import ValidationError

    from worker.settings import Settings, explain_settings

    if "RUNPOD_WEBHOOK_GET_JOB" not in os.environ and not {"--rp_serve_api", "--rp_serve_api=true"} & set(
        sys.argv
    ):
        sys.exit(
            "There is no RunPod queue here. Try one of:\n"
            '  python -m worker say "Hello there." --out hello.mp3\n'
            "  python -m worker serve                 HTTP, WebSockets, and a page to try it\n"
            "  python -m control_plane                a local RunPod endpoint with this worker behind it\n"
            "  python -m worker --rp_serve_api        the RunPod SDK's own local server"
        )
    try:
        settings = Settings()
    except ValidationError as error:
        reason = explain_settings(error)
        if "RUNPOD_WEBHOOK_GET_JOB" not in os.environ:
            sys.exit(reason)
        from worker.handler import serve_unable

        serve_unable(reason)
        return
    from worker.handler import serve

    serve(settings)


if __name__ == "__main__":
    main()
