-- Add reps that were refused before they reached rep.lua to the live session, if there is one.
-- KEYS: 1 session
-- ARGV: 1 reason, 2 how many
-- Returns nothing
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HINCRBY', KEYS[1], 'refused:' .. ARGV[1], ARGV[2])
end
