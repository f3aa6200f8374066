-- Park a sealed session: record why it cannot be saved, and since when. It stays sealed.
-- Safe to repeat: the time stays, the reason is the newest.
-- KEYS: 1 parked sessions of this tag (hash), 2 sealed session
-- ARGV: 1 member of the sealed index, 2 reason
-- Returns since when, in epoch ms, or 0 if the session was saved and cleared meanwhile
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('HSETNX', KEYS[1], 'since:' .. ARGV[1], now)
redis.call('HSET', KEYS[1], 'reason:' .. ARGV[1], ARGV[2])
return tonumber(redis.call('HGET', KEYS[1], 'since:' .. ARGV[1]))
