"""``scripts/bench load``: real worker processes under random arrivals; no stock figure.

Each client is an independent Poisson process that does not wait for its earlier requests: even if they
are late, the next one is sent in time. Every wait counts from when a request was *due*, not from when
this machine sent it. ``--clients N`` sends as many requests as N constant listeners: one request each
per mean duration of the mixture's speech, which is measured before the clock starts.

The figures of a case, over the requests due after its warm-up:

offered_per_s, achieved_per_s   requests due, and requests completed, per second
listeners_mean, listeners_peak  simultaneous listeners
first_audio_p50_ms ...          from the due time to the first audio at the client
worker_first_audio_p50_ms ...   from the job's arrival in the worker to its first audio event
total_p50_s ...                 from the due time to the last audio at the client
late_p99_ms                     delay of this machine's sending: if it is large, this machine is the limit
underruns_per_1000_s            silences in 1,000 s of speech, for a player that starts at the first audio
audio_s_per_s                   seconds of speech received per second, over all clients
errors, errors_CODE, repeated   failed requests; requests that were first refused and then retried
memory_begin_mb, _end_mb, _peak_mb, vram_peak_mb   of the workers
"""
