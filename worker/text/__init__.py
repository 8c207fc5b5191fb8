"""From a request's text to the text chunks that the engine speaks."""
