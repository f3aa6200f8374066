-- Read a sealed session, all of it as of one moment.
-- KEYS: 1 sealed session, 2 its timeline, 3 its refused reps
-- Returns: fields and values of the session (empty where it was cleared), timeline, refused
return {redis.call('HGETALL', KEYS[1]), redis.call('LRANGE', KEYS[2], 0, -1), redis.call('LRANGE', KEYS[3], 0, -1)}
