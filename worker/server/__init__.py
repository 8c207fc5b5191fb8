"""The HTTP server: the speech service over HTTP and WebSockets, and a page to try it."""
