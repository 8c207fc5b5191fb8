"""WebSockets: consecutive requests on a connection, and text that arrives in pieces."""
