"""The preview engine: espeak-ng, to try out the service without a GPU or a checkpoint."""
