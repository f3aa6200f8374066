-- Count a failed try from an address. The count ends some time after its first try.
-- KEYS: 1 the address's count
-- ARGV: 1 after how many ms the count ends
-- Returns the count, this try included, and in how many ms it ends
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {count, redis.call('PTTL', KEYS[1])}
