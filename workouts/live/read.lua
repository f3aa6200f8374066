-- Read all of a sealed session at one moment.
-- KEYS: 1 sealed session (hash), 2 its timeline (list), 3 its refusals (list)
-- ARGV: none
-- Returns the session's fields and values in turn (empty if it was cleared), timeline, refusals
return {
  redis.call('HGETALL', KEYS[1]),
  redis.call('LRANGE', KEYS[2], 0, -1),
  redis.call('LRANGE', KEYS[3], 0, -1),
}
