"""The ``voices`` command: makes, publishes and maintains the voices that workers speak."""
