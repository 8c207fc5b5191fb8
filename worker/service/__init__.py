"""The speech service: one engine for all requests, their threads, their limits, and the watchdogs."""
