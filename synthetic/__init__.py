"""A checkpoint of random weights in the format of the real one, for tests and benchmarks.

checkpoint.py    writes it (clock.py: the length of its speech; tokenizer.py: its text tokenizer)
stock.py         the modules of stock Chatterbox that it needs
"""
