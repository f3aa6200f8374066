-- Raise a device's last settled seq to the one in the database, if that is higher. Safe to repeat.
-- KEYS: 1 device memory
-- ARGV: 1 last seq in the database, 2 time to live in s
-- Returns the last seq, 0 for an unknown device
local seq, rest = string.match(redis.call('GET', KEYS[1]) or '0 0', '^(%d+) (.+)$')
local last_seq = math.max(tonumber(seq), tonumber(ARGV[1]))
if last_seq > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f %s', last_seq, rest), 'EX', ARGV[2])
end
return last_seq
