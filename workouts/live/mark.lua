-- Part of rep.lua: the debounce mark of an athlete and exercise, which says when the last reps counted.
-- It is "arrival[ device][|device time foe]…": when the newest rep that did not come late arrived, and of which device it was, if
-- it named one; then of each of the last few devices, the newest first, the time of its last rep, and the arrival of another's that
-- it was refused for, or 0.
-- Within one device its own times count, else the arrival. But many reps may share an arrival, after a radio stall: so a device is
-- refused once for another's rep, and goes by its own times then. And the arrival of a rep from an offline hour says nothing: a
-- late rep goes by its own device's last one alone, and is none to the others.
local MARK_TTL_MS, MAX_MARKED = 60000, 4

local function split_mark(mark)
  if tonumber(mark) then return tonumber(mark), '', '' end
  local arrival, id, times = string.match(mark, '^(%d+) ?([^|]*)(.*)$')
  return tonumber(arrival), id, times
end

-- Returns the times of the devices with that of this one as the newest.
local function list_times(times, device, foe)
  local kept = {string.format('|%s %.0f %.0f', device.id, device.time, foe)}
  for id, rest in string.gmatch(times, '|(%S+) ([^|]+)') do
    if #kept < MAX_MARKED and id ~= device.id then kept[#kept + 1] = '|' .. id .. ' ' .. rest end
  end
  return table.concat(kept)
end

-- Returns how many ms before this rep the last one was that it is near to, and the mark if it is refused for that, where another's
-- rep is the reason (device is nil for a plain socket). A mark in the future is a clock that was set back, and no reason to refuse.
local function since_mark(mark, device, now)
  local arrival, id, times = split_mark(mark)
  local passed = now >= arrival and now - arrival or math.huge
  if not device then return passed end
  local _, found = string.find(times, '|' .. device.id .. ' ', 1, true)
  local last, foe = string.match(times, '^(%d+) (%d+)', found and found + 1 or #times + 1)
  if device.late == 1 or device.id == id or tonumber(foe) == arrival then passed = math.huge end
  if last and device.time >= tonumber(last) and device.time - last <= passed then return device.time - last end
  if passed == math.huge then return passed end
  return passed, string.format('%.0f%s%s', arrival, id == '' and id or ' ' .. id, list_times(times, device, arrival))
end

-- Returns the mark after this rep, if it counts, and how long it is kept, in ms.
local function move_mark(mark, device, now, interval)
  local arrival, id, times = split_mark(mark or '0')
  if not device and times == '' then return now, interval end
  if not device then return string.format('%.0f%s', now, times), MARK_TTL_MS end
  if device.late == 0 then arrival, id = now, device.id end
  return string.format('%.0f %s%s', arrival, id, list_times(times, device, 0)), MARK_TTL_MS
end
