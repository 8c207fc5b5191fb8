"""WebSockets: requests one after the other on a connection, and text that arrives in pieces."""
