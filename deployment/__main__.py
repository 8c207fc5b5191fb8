"""``scripts/deploy``, or ``python -m deployment``."""

from deployment.app import main

if __name__ == "__main__":
    main()
