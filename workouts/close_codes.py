"""WebSocket close codes: from RFC 6455, section 7.4, and our own from 4000 up."""

CLOSE_NORMAL = 1000
CLOSE_ABNORMAL = 1006  # never sent: what a side notes when the connection just ended
CLOSE_POLICY = 1008
CLOSE_TOO_BIG = 1009
CLOSE_RESTART = 1012
CLOSE_TRY_LATER = 1013
CLOSE_NOT_LOGGED_IN = 4401
CLOSE_NOT_ALLOWED = 4403
