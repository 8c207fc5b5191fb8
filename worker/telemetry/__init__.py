"""What is seen of the worker from outside: its log, its counters, its traces."""
