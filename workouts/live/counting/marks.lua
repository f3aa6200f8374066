-- Part of rep.lua: the mark of an athlete and exercise, which says when the last reps counted.
-- "arrival debt[ device][|device time debt refused_for]...": when the newest rep that was not late
-- arrived, how much of the pace was used up then (see gates.lua) and which device sent it, if one
-- did. Then for each of the last few devices, the newest first: the time of its last rep, the debt
-- then, and the arrival of the other device's rep that it was refused for, or 0.
local MARK_TTL_MS, MAX_MARKED_DEVICES = 60000, 4

-- Returns what the mark says about a device: time, debt, refused_for; or nothing.
local function find_device(devices, id)
  local _, found = string.find(devices, '|' .. id .. ' ', 1, true)
  if found then return string.match(devices, '^(%d+) (%d+) (%d+)', found + 1) end
end

-- Returns the devices' part of the mark with this device as the newest.
local function put_device_first(devices, id, time, debt, refused_for)
  local kept = {string.format('|%s %.0f %.0f %.0f', id, time, debt, refused_for)}
  for other, rest in string.gmatch(devices, '|(%S+) ([^|]+)') do
    if #kept < MAX_MARKED_DEVICES and other ~= id then
      kept[#kept + 1] = '|' .. other .. ' ' .. rest
    end
  end
  return table.concat(kept)
end

-- Returns the mark after a rep that counted, and how long it is kept, in ms.
local function move_mark(mark, device, now, debt, interval)
  local head, devices = string.match(mark or '0 0', '^([^|]*)(.*)$')
  if not device or device.late == 0 then head = string.format('%d %d', now, debt) end
  if not device then
    return head .. devices, devices == '' and math.max(interval, debt) or MARK_TTL_MS
  end
  if device.late == 0 then head = head .. ' ' .. device.id end
  return head .. put_device_first(devices, device.id, device.time, debt, 0), MARK_TTL_MS
end
