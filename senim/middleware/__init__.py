"""Middleware for HTTP requests and WebSocket handshakes."""
