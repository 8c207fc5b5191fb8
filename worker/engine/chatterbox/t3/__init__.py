"""T3: from a voice and a text to speech tokens, for many streams at once.

A text's path: ``model`` embeds it, ``decoder`` prefills a slot of the ``kv_cache`` on top of the
voice's prefix and then decodes every slot by one step at a time, ``sampling`` chooses the tokens,
and ``scheduler`` decides who has a slot.
"""
