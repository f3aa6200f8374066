-- Part of rep.lua: the debounce mark of an athlete and exercise, which says when the last reps counted.
-- It is "arrival[ device][|device time]…": when the newest rep that did not come late arrived, and of which device it was, if it
-- named one; and the time of the last rep of each of the last few devices, the newest first.
-- Within one device its own times count, else the arrival. But the arrival of a rep from an offline hour says nothing: a late rep
-- goes by its own device's last one alone, and is none to the others.
local MARK_TTL_MS, MAX_MARKED = 60000, 4

local function split_mark(mark)
  if tonumber(mark) then return tonumber(mark), '', '' end
  local arrival, id, times = string.match(mark, '^(%d+) ?([^|]*)(.*)$')
  return tonumber(arrival), id, times
end

-- Returns how many ms before this rep the last one was that it is near to (device is nil for a plain socket).
-- A mark in the future is a clock that was set back, and no reason to refuse.
local function since_mark(mark, device, now)
  local arrival, id, times = split_mark(mark)
  local passed = now >= arrival and now - arrival or math.huge
  if not device then return passed end
  if device.late == 1 or device.id == id then passed = math.huge end
  local _, found = string.find(times, '|' .. device.id .. ' ', 1, true)
  local last = found and tonumber(string.match(times, '^%d+', found + 1))
  if last and device.time >= last then passed = math.min(passed, device.time - last) end
  return passed
end

-- Returns the mark after this rep, if it counts, and how long it is kept, in ms.
local function move_mark(mark, device, now, interval)
  local arrival, id, times = split_mark(mark or '0')
  if not device and times == '' then return now, interval end
  if not device then return string.format('%.0f%s', now, times), MARK_TTL_MS end
  if device.late == 0 then arrival, id = now, device.id end
  local kept = {string.format('%.0f %s|%s %.0f', arrival, id, device.id, device.time)}
  for other, last in string.gmatch(times, '|(%S+) (%d+)') do
    if #kept < MAX_MARKED and other ~= device.id then kept[#kept + 1] = '|' .. other .. ' ' .. last end
  end
  return table.concat(kept), MARK_TTL_MS
end
