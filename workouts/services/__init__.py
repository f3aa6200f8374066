"""The durable verbs: each live session in Redis becomes one row, exactly once."""
