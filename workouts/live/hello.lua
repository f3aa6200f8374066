-- Meet a device: what is the highest seq that was settled of it?
-- KEYS: 1 the device's memory
-- ARGV: 1 the highest seq that the database knows; 2 how long to remember, in s
-- Returns the higher of the two, and remembers it
local seq, rest = string.match(redis.call('GET', KEYS[1]) or '0 0', '^(%d+) (.+)$')
local last_seq = math.max(tonumber(seq), tonumber(ARGV[1]))
if last_seq > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f %s', last_seq, rest), 'EX', ARGV[2])
end
return last_seq
