"""The voice registry: what a voice is, how its clip is prepared, where it is kept.

Read by the worker and written by the ``voices`` command. Never imports torch.
"""
