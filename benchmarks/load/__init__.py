"""``scripts/bench load``: real worker processes under people who come at random; there is no stock figure.

Each client is a process of arrivals of its own (Poisson), who does not wait for its earlier requests: what
comes late is asked for in time all the same, and every wait counts from when it was *due*, not from when
this machine got round to asking. ``--clients N`` asks as often as N people do who always listen: one
request each as many seconds as the mixture's speech lasts, which is heard out before the clock starts.

The figures of a case, of the requests that were due after its warm-up:

offered_per_s, achieved_per_s   requests due, and requests complete, in a second
listeners_mean, listeners_peak  who were listening at once
first_audio_p50_ms ...          from when it was due to its first audio at the client
worker_first_audio_p50_ms ...   from the job's arrival in the worker to its first audio event
total_p50_s ...                 to its last audio at the client
late_p99_ms                     how late this machine was in asking: where it is much, it is the limit
underruns_per_1000_s            silences in 1,000 s of speech, for one who plays from the first audio on
audio_s_per_s                   seconds of speech that came in a second, all together
errors, errors_CODE, repeated   requests that failed; that were refused first and asked for again
memory_begin_mb, _end_mb, _peak_mb, vram_peak_mb   of the workers
"""
