"""One engine for all requests: their threads, their limits, and who watches that they progress."""
