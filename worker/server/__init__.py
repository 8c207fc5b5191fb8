"""The HTTP face: the same speech service behind HTTP, WebSockets and a page to try it."""
