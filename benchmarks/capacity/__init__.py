"""``scripts/bench capacity``: how many workers a day of calls needs, and what they cost; nothing is measured.

What a worker carries is measured by ``scripts/bench load --sweep``. A *stream* here is a person who is
listening: one stream is taken for as long as the speech lasts, however soon it was made.
"""
