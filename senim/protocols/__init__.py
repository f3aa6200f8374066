"""The server's protocols: what a connection may send, how fast, and for how long."""
