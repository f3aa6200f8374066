-- Clear a sealed session once it is saved. Safe to repeat. The debounce mark is left to expire.
-- KEYS: 1 sealed session, 2 its timeline, 3 its refusals, 4 sealed index,
--       5 waiting list of this athlete and exercise, 6 parked sessions of this tag
-- ARGV: 1 session id, 2 index member of the athlete and exercise
-- Returns how many of the session's keys existed
local name = ARGV[1] .. ':' .. ARGV[2]
redis.call('ZREM', KEYS[4], name)
redis.call('LREM', KEYS[5], 0, ARGV[1])
redis.call('HDEL', KEYS[6], 'since:' .. name, 'reason:' .. name)
return redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
