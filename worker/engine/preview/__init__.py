"""The preview engine: espeak-ng, for trying everything out without a GPU or a checkpoint."""
