"""T3: from a voice and a text to speech tokens, for many streams at once.

The path of an ``utterance``: ``model`` embeds its text, ``scheduler`` gives it a slot, ``decoder`` prefills
the slot in the ``kv_cache`` after the voice's prefix and then decodes one token of every slot per step, and
``sampling`` chooses the tokens.
"""
