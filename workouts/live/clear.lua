-- Clear a sealed session once it is saved. Safe to repeat. The mark and the counted times are left
-- to expire.
-- KEYS: 1 sealed session, 2 its timeline, 3 its refusals, 4 its reps of other devices,
--       5 sealed index, 6 waiting list of this athlete and exercise, 7 parked sessions of this tag
-- ARGV: 1 session id, 2 index member of the athlete and exercise
-- Returns how many of the session's keys existed
local name = ARGV[1] .. ':' .. ARGV[2]
redis.call('ZREM', KEYS[5], name)
redis.call('LREM', KEYS[6], 0, ARGV[1])
redis.call('HDEL', KEYS[7], 'since:' .. name, 'reason:' .. name)
return redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
