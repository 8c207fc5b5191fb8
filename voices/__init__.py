"""The voice registry: voices, the preparation of their clips, and the stores that hold them.

The worker reads it and the ``voices`` command writes it. It never imports torch.
"""
