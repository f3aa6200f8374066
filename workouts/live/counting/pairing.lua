-- Part of rep.lua: one body, one count. A device's rep is one that another device has counted if
-- their times are close and that rep stands for no other rep of this device yet.
local AROUND, INTERVALS, LEAST_INTERVALS, REST_FACTOR = 12, 8, 3, 3
local TOLERANCE_SHARE = 0.5 -- of an interval
local LAG_SHARE = 0.25 -- how far a new pair moves the lag

-- Returns the times and device numbers of the counted reps around a time, and how many of these are
-- not later than it.
local function read_around(counted, time)
  local times, numbers, position = {}, {}, count_until(counted, time)
  local first = math.max(0, position - AROUND)
  for index, packed in ipairs(redis.call('LRANGE', counted, first, position + AROUND - 1)) do
    times[index], numbers[index] = math.floor(packed / 64), packed % 64
  end
  return times, numbers, position - first
end

local function find_median(sorted, length)
  local half = math.floor(length / 2)
  return length % 2 == 1 and sorted[half + 1] or (sorted[half] + sorted[half + 1]) / 2
end

-- Returns how far apart the times of one rep may be: half the median of the last intervals, rests
-- left out. At the beginning of a timeline the next intervals say it as well.
local function find_tolerance(times, before, limits)
  local first = math.max(1, before - INTERVALS)
  local last = before - first >= LEAST_INTERVALS and before or math.min(#times, first + INTERVALS)
  local intervals = {}
  for index = first + 1, last do intervals[index - first] = times[index] - times[index - 1] end
  table.sort(intervals)
  local length = #intervals
  if length > 0 then
    local rest = REST_FACTOR * find_median(intervals, length)
    while intervals[length] > rest do length = length - 1 end
  end
  if length < LEAST_INTERVALS then return math.max(limits.interval, limits.low * TOLERANCE_SHARE) end
  local interval = math.min(find_median(intervals, length), limits.high)
  return math.max(limits.interval, interval * TOLERANCE_SHARE)
end

-- Returns whether a rep of another device may be near a time, without reading the list.
local function is_near_others(mark, own, time, limits)
  if own.others == '' and mark.plain == 0 then return false end
  local since = time - math.max(limits.high, 2 * limits.interval)
  if mark.plain >= since then return true end
  for last in string.gmatch(own.others, '|%S+ %d+ (%-?%d+)') do
    if tonumber(last) >= since then return true end
  end
  return false
end

-- Returns whether another device has counted this rep. If so, the device has it as its last one.
local function pair_rep(counted, own, time, limits)
  local times, numbers, before = read_around(counted, time)
  local distance, found = find_tolerance(times, before, limits), nil
  for index, other in ipairs(times) do
    local apart = math.abs(time - own.lag - other)
    if numbers[index] ~= own.number and other > own.pointer and apart <= distance then
      if not found or apart < distance then distance, found = apart, other end
    end
  end
  if not found then return false end
  own.time, own.pointer = time, found
  own.lag = own.lag + math.floor((time - found - own.lag) * LAG_SHARE + 0.5)
  return true
end

-- Returns whether a late rep would make any minute have more reps than it may have.
local function is_minute_full(counted, time, most)
  local first = count_until(counted, time - 60000)
  local last = count_until(counted, time + 59999)
  if last - first < most then return false end
  local reps = redis.call('LRANGE', counted, first, last - 1)
  for index = most, #reps do
    local from = math.min(math.floor(reps[index - most + 1] / 64), time)
    local to = math.max(math.floor(reps[index] / 64), time)
    if to - from < 60000 then return true end
  end
  return false
end
