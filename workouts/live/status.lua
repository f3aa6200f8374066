-- The live sessions of an athlete.
-- KEYS, 2 an exercise: session (hash), timeline (list)
-- Returns an id and a count for each exercise, an empty id where nothing is live
local states = {}
for i = 1, #KEYS, 2 do
  states[i] = redis.call('HGET', KEYS[i], 'id') or ''
  states[i + 1] = redis.call('LLEN', KEYS[i + 1])
end
return states
