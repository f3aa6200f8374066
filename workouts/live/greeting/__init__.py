"""The calls for sockets that come back: those that come together are answered by one."""
