-- Read all of a sealed session at one moment.
-- KEYS: 1 sealed session (hash), 2 its timeline (list), 3 its refusals (list),
--       4 its reps that another device had counted (list)
-- ARGV: none
-- Returns the session's fields and values in turn (empty if it was cleared), timeline, refusals, other
--   devices' reps
return {
  redis.call('HGETALL', KEYS[1]),
  redis.call('LRANGE', KEYS[2], 0, -1),
  redis.call('LRANGE', KEYS[3], 0, -1),
  redis.call('LRANGE', KEYS[4], 0, -1),
}
