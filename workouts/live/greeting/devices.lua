-- Part of greet.lua: which devices an athlete has.
-- devices is a hash with a field for each: "time history", when it said hello last, and the history
-- of writes that the server had then. A failover or a restart, which may lose the newest writes,
-- begins another history.
local MEMORY_TTL_S, MAX_DEVICES = 172800, 16

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

-- Add the devices that have reps in a session; one without a seq there gave way to newer ones. A
-- damaged session may have reps of any device.
local function add_busy_devices(busy, session)
  local fields = redis.pcall('HKEYS', session)
  if fields.err then
    busy.all = true
    return
  end
  for _, field in ipairs(fields) do
    local device = string.match(field, '^seq:(.+)$') or string.match(field, '^no%-seq:(.+)$')
    if device then busy[device] = true end
  end
end

-- Returns the devices with reps in a session that is not saved yet, live or sealed.
local function find_busy_devices(prefix, user)
  local busy = {}
  for _, member in ipairs(redis.call('ZRANGE', prefix .. 'live', 0, -1)) do
    if string.match(member, '^[^:]+:(.*)$') == user then
      add_busy_devices(busy, prefix .. 'session:' .. member)
    end
  end
  for _, member in ipairs(redis.call('ZRANGE', prefix .. 'sealed', 0, -1)) do
    local id, owner = string.match(member, '^([^:]+):[^:]+:(.*)$')
    if owner == user then add_busy_devices(busy, prefix .. 'sealed:' .. id) end
  end
  return busy
end

-- Forget devices, the one idle longest first, until there are few enough, or all have reps that are
-- not saved. The database keeps the last seq of each that has saved reps.
local function forget_idle_devices(prefix, user, devices, own)
  local excess = redis.call('HLEN', devices) - MAX_DEVICES
  if excess <= 0 then return end
  local busy, idle = find_busy_devices(prefix, user), {}
  local fields = redis.call('HGETALL', devices)
  for index = 1, #fields, 2 do
    local device = fields[index]
    local memory = prefix .. 'device:' .. device .. ':' .. user
    local hello = tonumber(string.match(fields[index + 1], '^%d+')) or 0
    local rep = tonumber(string.match(redis.call('GET', memory) or '', '^%d+ (%d+)')) or 0
    if device ~= own and not (busy.all or busy[device]) then
      idle[#idle + 1] = {device = device, memory = memory, time = math.max(hello, rep)}
    end
  end
  table.sort(idle, function(one, other) return one.time < other.time end)
  for index = 1, math.min(excess, #idle) do
    redis.call('DEL', idle[index].memory)
    redis.call('HDEL', devices, idle[index].device)
  end
end
