"""The durable verbs: what is live in Redis becomes a row, exactly once."""
