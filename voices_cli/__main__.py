"""The entry point of ``voices`` and ``python -m voices_cli``."""

import sys

from voices.extras import MissingExtra, needing


def main() -> None:
    """Run the command line, or explain which packages are missing if only the client is installed."""
    try:
        with needing("voices", purpose="The voices command cannot run"):
            from voices_cli.app import app
    except MissingExtra as error:
        sys.exit(f"error: {error.message}")
    app()


if __name__ == "__main__":
    main()
