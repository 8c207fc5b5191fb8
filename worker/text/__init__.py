"""Text on its way to the engine."""
