-- Part of rep.lua and seal.lua: the counted list, with the times of an athlete's reps of an exercise
-- across sessions: "time * 64 + number of the device" (0 for a plain socket), in ascending order, at
-- most MAX_COUNTED. It is kept for a day at least. Reps of the live session are added when somebody
-- asks, and when it is sealed: most athletes have one device, and nobody ever does.
local MAX_COUNTED, COUNTED_TTL_MS = 2000, 172800000

-- Returns what a function finds in the counted times; damaged ones are given up.
local function ask_times(times, find, ...)
  local is_read, found = pcall(find, times, ...)
  if is_read then return found end
  redis.call('DEL', times)
end

-- Returns how many counted reps are not later than a time. Most are asked about near the end.
local function count_until(times, time)
  local most = time * 64 + 63
  local function is_later(index) return tonumber(redis.call('LINDEX', times, index)) > most end
  local high, step = redis.call('LLEN', times), 1
  local low = high - 1
  while low >= 0 and is_later(low) do
    high, low, step = low, low - step, step * 2
  end
  low = math.max(low + 1, 0)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if is_later(middle) then high = middle else low = middle + 1 end
  end
  return low
end

local function insert_time(times, packed, time)
  local later = redis.call('LINDEX', times, count_until(times, time))
  if later then
    redis.call('LINSERT', times, 'BEFORE', later, packed)
  else
    redis.call('RPUSH', times, packed)
  end
end

-- Add the live session's reps that are not listed yet.
local function list_times(times, session, timeline, started)
  local listed = tonumber(redis.call('HGET', session, 'listed') or 0)
  local length = redis.call('LLEN', timeline)
  if listed == length then return end
  local newest, in_order = tonumber(redis.call('LINDEX', times, -1) or 0), {}
  if newest == 0 then listed = 0 end -- the list has expired, or was given up
  local function append()
    if #in_order > 0 then redis.call('RPUSH', times, unpack(in_order)) end
    in_order = {}
  end
  local first = math.max(listed, length - MAX_COUNTED)
  for _, rep in ipairs(redis.call('LRANGE', timeline, first, -1)) do
    local time = started + math.floor(rep / 128)
    local number = time * 64 + math.floor(rep / 2) % 64
    local packed = string.format('%.0f', number)
    if number >= newest then
      newest, in_order[#in_order + 1] = number, packed
    else
      append()
      insert_time(times, packed, time)
    end
  end
  append()
  redis.call('LTRIM', times, -MAX_COUNTED, -1)
  if listed == 0 then redis.call('PEXPIRE', times, COUNTED_TTL_MS) end
  redis.call('HSET', session, 'listed', length)
end
