"""``scripts/bench capacity``: computes the workers for a day of calls and their cost; it measures nothing.

``scripts/bench load --sweep`` measures the capacity of one worker. A *stream* here is a listening person: it
is occupied for as long as the speech lasts, however soon the speech was generated.
"""
