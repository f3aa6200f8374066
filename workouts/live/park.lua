-- Park a sealed session that cannot be saved: note why, and since when. It stays sealed, and is tried again. Safe to repeat.
-- KEYS: 1 parked sessions of this tag (hash); 2 sealed session
-- ARGV: 1 session as the sealed index names it; 2 reason
-- Returns since when, in epoch ms, or 0 where it is not sealed any more: somebody else has saved it meanwhile
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
local clock = redis.call('TIME')
redis.call('HSETNX', KEYS[1], 'since:' .. ARGV[1], clock[1] * 1000 + math.floor(clock[2] / 1000))
redis.call('HSET', KEYS[1], 'reason:' .. ARGV[1], ARGV[2])
return tonumber(redis.call('HGET', KEYS[1], 'since:' .. ARGV[1]))
