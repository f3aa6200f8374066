-- Read an athlete's live sessions.
-- KEYS: 2 for each exercise: session (hash), timeline (list)
-- ARGV: none
-- Returns for each exercise the session's id, empty if none is live, and its count
local states = {}
for i = 1, #KEYS, 2 do
  states[i] = redis.call('HGET', KEYS[i], 'id') or ''
  states[i + 1] = redis.call('LLEN', KEYS[i + 1])
end
return states
