-- Part of greet.lua: the live sessions of an athlete.

-- Returns the exercise, the id and the count of each session, in the order of the exercises.
local function read_sessions(prefix, user, exercises)
  local states = {}
  for exercise in string.gmatch(exercises, '%S+') do
    local name = exercise .. ':' .. user
    local id = redis.call('HGET', prefix .. 'session:' .. name, 'id')
    if id then
      states[#states + 1] = exercise
      states[#states + 1] = id
      states[#states + 1] = redis.call('LLEN', prefix .. 'timeline:' .. name)
    end
  end
  return states
end
