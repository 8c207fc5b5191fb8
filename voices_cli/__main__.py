"""``voices``, or ``python -m voices_cli``."""

from voices_cli.app import app


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
