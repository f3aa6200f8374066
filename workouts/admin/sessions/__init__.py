"""Sessions: their list, a session's page, decisions, exports, and sessions not saved yet."""
