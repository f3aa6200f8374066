-- Part of greet.lua: which devices an athlete has.
-- devices is a hash with a field for each: "time history", when it said hello last, and the history
-- of writes that the server had then. A failover or a restart, which may lose the newest writes,
-- begins another history.
local MEMORY_TTL_S, MAX_DEVICES = 172800, 16
-- with those that have reps that are not saved. About any others the database is asked at each
-- hello, so that made-up devices do not make hellos slow
local MAX_NOTED = 64

-- Returns what names the server's history of writes, '' if it does not say.
local function read_history()
  local info = redis.pcall('INFO', 'replication')
  local name = type(info) == 'string' and string.match(info, 'master_replid:(%x+)') or ''
  return string.sub(name, 1, 16)
end

-- Returns whether the memory of a device, if there is one, says all that is saved of it. It does if
-- the device has said hello since the last failover, and since any memory can have expired.
local function is_memory_whole(devices, device, history, now)
  local time, noted = string.match(redis.call('HGET', devices, device) or '', '^(%d+) (%x+)$')
  return noted == history and now - tonumber(time) < MEMORY_TTL_S * 1000
end

-- Returns the keys of the athlete's sessions that are not saved yet, live or sealed.
local function find_unsaved_sessions(prefix, user)
  local sessions = {}
  for _, member in ipairs(redis.call('ZRANGE', prefix .. 'live', 0, -1)) do
    if string.match(member, '^[^:]+:(.*)$') == user then
      sessions[#sessions + 1] = prefix .. 'session:' .. member
    end
  end
  for _, member in ipairs(redis.call('ZRANGE', prefix .. 'sealed', 0, -1)) do
    local id, owner = string.match(member, '^([^:]+):[^:]+:(.*)$')
    if owner == user then sessions[#sessions + 1] = prefix .. 'sealed:' .. id end
  end
  return sessions
end

-- Returns whether a device has reps in one of these sessions. A damaged session may have reps of any
-- device.
local function has_unsaved_reps(sessions, device)
  for _, session in ipairs(sessions) do
    for _, kind in ipairs({'seq:', 'former-seq:'}) do
      if redis.pcall('HEXISTS', session, kind .. device) ~= 0 then return true end
    end
  end
  return false
end

-- Forget devices, the one idle longest first, until there is room for one more, or all have reps
-- that are not saved. The database keeps the last seq of each that has saved reps.
local function forget_idle_devices(prefix, user, devices)
  local excess = redis.call('HLEN', devices) + 1 - MAX_DEVICES
  if excess <= 0 then return end
  local fields, known = redis.call('HGETALL', devices), {}
  for index = 1, #fields, 2 do
    local memory = prefix .. 'device:' .. fields[index] .. ':' .. user
    local hello = tonumber(string.match(fields[index + 1], '^%d+')) or 0
    local rep = tonumber(string.match(redis.call('GET', memory) or '', '^%d+ (%d+)')) or 0
    known[#known + 1] = {device = fields[index], memory = memory, time = math.max(hello, rep)}
  end
  table.sort(known, function(one, other) return one.time < other.time end)
  local sessions = find_unsaved_sessions(prefix, user)
  for _, idle in ipairs(known) do
    if excess > 0 and not has_unsaved_reps(sessions, idle.device) then
      redis.call('DEL', idle.memory)
      redis.call('HDEL', devices, idle.device)
      excess = excess - 1
    end
  end
end

-- Note that a device has said hello: its time and the history.
local function note_device(prefix, user, devices, device, text)
  if redis.call('HEXISTS', devices, device) == 0 then
    forget_idle_devices(prefix, user, devices)
    if redis.call('HLEN', devices) >= MAX_NOTED then return end
  end
  redis.call('HSET', devices, device, text)
  redis.call('EXPIRE', devices, MEMORY_TTL_S)
end
