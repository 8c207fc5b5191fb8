"""A checkpoint of random weights in the form of the real one, for tests and benchmarks.

checkpoint.py    writes it (clock.py: how long it speaks; tokenizer.py: its text tokenizer)
stock.py         the modules of stock Chatterbox that it is made of
"""
