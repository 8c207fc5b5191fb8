"""``voices``, or ``python -m voices_cli``."""

import sys

from voices.extras import MissingExtra, needing


def main() -> None:
    """Run the command line; where the client alone is installed, say what is missing."""
    try:
        with needing("voices", purpose="The voices command cannot run"):
            from voices_cli.app import app
    except MissingExtra as error:
        sys.exit(f"error: {error.message}")
    app()


if __name__ == "__main__":
    main()
