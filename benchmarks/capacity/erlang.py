"""Erlang's formulas: the probability that all streams are taken, and the waiting time then.

Arrivals are Poisson, each takes one of ``streams`` for an exponential time, and waits if none is free.
``load`` is the mean number of streams taken if there were always enough, in erlangs.
"""

from math import exp


def share_refused(streams: int, load: float) -> float:
    """Return Erlang B: the share that finds all streams taken, without waiting."""
    refused = 1.0
    for count in range(1, streams + 1):  # the usual recursion: factorials would overflow
        refused = load * refused / (count + load * refused)
    return refused


def share_waiting(streams: int, load: float) -> float:
    """Return Erlang C: the share that has to wait; 1 if the load exceeds the streams."""
    if load >= streams:
        return 1.0
    refused = share_refused(streams, load)
    return refused / (1 - load / streams * (1 - refused))


def share_waiting_longer(streams: int, load: float, seconds: float, stream_seconds: float) -> float:
    """Return the share that waits longer than ``seconds``, if a stream is taken for ``stream_seconds``."""
    if load >= streams:
        return 1.0
    return share_waiting(streams, load) * exp(-(streams - load) * seconds / stream_seconds)


def streams_needed(load: float, seconds: float, stream_seconds: float, share: float) -> int:
    """Return the fewest streams for which at most ``share`` waits longer than ``seconds``."""
    streams = int(load) + 1
    while share_waiting_longer(streams, load, seconds, stream_seconds) > share:
        streams += 1
    return streams
