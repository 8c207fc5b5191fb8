"""Erlang's formulas: how often somebody finds every stream taken, and how long they wait then.

People come at random (Poisson), each takes one of ``streams`` for a random time (exponential), and whoever
finds none free waits. ``load`` is how many would be taken on average if there were always enough, in erlangs.
"""

from math import exp


def share_refused(streams: int, load: float) -> float:
    """Return Erlang B: the share that finds all taken where nobody waits."""
    refused = 1.0
    for count in range(1, streams + 1):  # the usual recursion: factorials would overflow
        refused = load * refused / (count + load * refused)
    return refused


def share_waiting(streams: int, load: float) -> float:
    """Return Erlang C: the share that has to wait; 1 where there are too few for the load."""
    if load >= streams:
        return 1.0
    refused = share_refused(streams, load)
    return refused / (1 - load / streams * (1 - refused))


def share_waiting_longer(streams: int, load: float, seconds: float, stream_seconds: float) -> float:
    """Return the share that waits longer than ``seconds``, where a stream is taken for ``stream_seconds``."""
    if load >= streams:
        return 1.0
    return share_waiting(streams, load) * exp(-(streams - load) * seconds / stream_seconds)


def streams_needed(load: float, seconds: float, stream_seconds: float, share: float) -> int:
    """Return the fewest streams with which at most ``share`` waits longer than ``seconds``."""
    streams = int(load) + 1
    while share_waiting_longer(streams, load, seconds, stream_seconds) > share:
        streams += 1
    return streams
