"""The subcommands of ``voices``: each parses its options and prints results; other modules do the work."""
