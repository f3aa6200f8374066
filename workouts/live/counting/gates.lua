-- Part of rep.lua: what refuses a rep. Each answers at once, and says why and when to try again.
--   debounced     too soon after the last rep that counted
--   pace          over the ceiling of reps a minute: each rep that counts uses up its share of a minute, what is used decays with
--                 time, and so much of it may be ahead (GCRA)
-- The mark of an athlete and exercise says when the last reps counted, and how much was used up then:
-- "arrival used[ device][|device time used foe]…": when the newest rep that did not come late arrived, and of which device it was,
-- if it named one; then of each of the last few devices, the newest first, the time of its last rep, and the arrival of another's
-- that it was refused for, or 0.
-- Within one device its own times count, else the arrival, and so for a rep whose time cannot be. But many reps may share an arrival,
-- after a radio stall: so a device is refused once for another's rep, and goes by its own times then. And the arrival of a rep from an
-- offline hour says nothing: a late rep goes by its own device's last one alone, and is none to the others.
local MARK_TTL_MS, MAX_MARKED, TOLERANCE_MS = 60000, 4, 6000
local REASONS = {debounced = 1, pace = 2, session_full = 3}

-- Returns the devices' part of the mark with this one as the newest.
local function list_devices(devices, id, time, used, foe)
  local kept = {string.format('|%s %.0f %.0f %.0f', id, time, used, foe)}
  for other, rest in string.gmatch(devices, '|(%S+) ([^|]+)') do
    if #kept < MAX_MARKED and other ~= id then kept[#kept + 1] = '|' .. other .. ' ' .. rest end
  end
  return table.concat(kept)
end

-- Returns how many ms before this rep the last one was that it is near to, how much is used up still, and what becomes of the mark
-- if it is refused, where another's rep is the reason (device is nil for a plain socket). A time that cannot be is set here. A mark in
-- the future is a clock that was set back, and no reason to refuse.
local function weigh(mark, device, now, interval)
  local arrival, used = string.match(mark, '^(%d+) (%d+)')
  local passed = now - arrival
  if passed < 0 then passed = math.huge end
  if not device then return passed, math.max(0, used - passed) end
  local head, id, devices = string.match(mark, '^(%d+ %d+ ?([^|]*))(.*)$')
  local _, found = string.find(devices, '|' .. device.id .. ' ', 1, true)
  local last, own, foe = string.match(devices, '^(%d+) (%d+) (%d+)', found and found + 1 or #devices + 1)
  if device.distrusted and device.id == id and last and passed < math.huge then
    -- by the arrivals, also where its last time is ahead of them; and no time comes twice
    device.time = math.max(device.time, last + math.min(passed, interval))
    passed = math.max(passed, device.time - last)
    return passed, math.max(0, used - passed)
  end
  if device.late == 1 or device.id == id or foe == arrival then passed = math.huge end
  local spent = math.max(0, used - passed)
  if last and not device.distrusted and device.time >= tonumber(last) then
    spent = math.max(spent, own - (device.time - last))
    if device.time - last <= passed then return device.time - last, spent end
  end
  if passed == math.huge then return passed, spent end
  -- the other's rep by this device's clock: its own next one has to be as far from that, and no farther, as this one has not counted
  local since = math.max(device.time - passed, last or 0)
  return passed, spent, head .. list_devices(devices, device.id, since, spent + device.time - since, arrival)
end

-- Returns the mark after a rep that counts, and how long it is kept, in ms.
local function move_mark(mark, device, now, used, interval)
  local head, devices = string.match(mark or '0 0', '^([^|]*)(.*)$')
  if not device or device.late == 0 then head = string.format('%d %d', now, used) end
  if not device then return head .. devices, devices == '' and math.max(interval, used) or MARK_TTL_MS end
  if device.late == 0 then head = head .. ' ' .. device.id end
  return head .. list_devices(devices, device.id, device.time, used, 0), MARK_TTL_MS
end

-- Count a refusal with the live session, if there is one, and keep the last 100.
local function note_refusal(session, refused, reason, time)
  local started = redis.call('HGET', session, 'started')
  if not started then return end
  redis.call('HINCRBY', session, 'refused:' .. reason, 1)
  redis.call('RPUSH', refused, (time - started) * 8 + REASONS[reason])
  redis.call('LTRIM', refused, -100, -1)
end
