-- Count refusals that were made outside of rep.lua with the live session, if there is one.
-- KEYS: 1 session
-- ARGV: 1 the reason, 2 how many
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HINCRBY', KEYS[1], 'refused:' .. ARGV[1], ARGV[2]) end
