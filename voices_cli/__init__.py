"""The ``voices`` command: from a clip to a voice that every worker can speak."""
