-- Park a sealed session that cannot be saved: note why, and since when. It stays sealed, and is tried again. Safe to repeat.
-- KEYS: 1 parked sessions of this tag (hash)
-- ARGV: 1 session as the sealed index names it; 2 reason
-- Returns since when, in epoch ms
local clock = redis.call('TIME')
redis.call('HSETNX', KEYS[1], 'since:' .. ARGV[1], clock[1] * 1000 + math.floor(clock[2] / 1000))
redis.call('HSET', KEYS[1], 'reason:' .. ARGV[1], ARGV[2])
return tonumber(redis.call('HGET', KEYS[1], 'since:' .. ARGV[1]))
