"""Run ``voices`` commands in processes that are born warm: one line of arguments in, a process id out.

A fork of an interpreter that has imported everything starts in milliseconds, so that a test can
kill many. Nothing else runs here: a fork must not copy another thread's locks.
"""

import json
import os
import sys

import boto3  # noqa: F401 - imported once, for all children

from voices_cli.app import app


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.setsid()
            sink = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(sink, stream)
            try:
                app(json.loads(line), standalone_mode=False)
            finally:
                os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)
        sys.stdout.write("ended\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
