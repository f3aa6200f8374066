-- Part of rep.lua: what refuses a rep. Each answers at once, and says why and when to try again.
--   debounced     too soon after the last rep that counted
--   pace          over the ceiling of reps a minute: each rep that counts uses up its share of a minute, what is used decays with
--                 time, and so much of it may be ahead (GCRA)
-- The mark of an athlete and exercise says when the last reps counted, and how much was used up then:
-- "arrival used[ device][|device time used]…": when the newest rep that did not come late arrived, and of which device it was, if
-- it named one; and the time of the last rep of each of the last few devices, the newest first.
-- Within one device its own times count, else the arrival. But the arrival of a rep from an offline hour says nothing: a late rep
-- goes by its own device's last one alone, and is none to the others. A refused rep moves nothing.
local MARK_TTL_MS, MAX_MARKED, TOLERANCE_MS = 60000, 4, 6000
local REASONS = {debounced = 1, pace = 2, session_full = 3}

-- Returns how many ms before this rep the last one was that it is near to, and how much is used up still (device is nil for a plain
-- socket). A mark in the future is a clock that was set back, and no reason to refuse.
local function weigh(mark, device, now)
  local arrival, used, id, times = string.match(mark, '^(%d+) (%d+) ?([^|]*)(.*)$')
  local passed, spent = math.huge, 0
  if now >= tonumber(arrival) and (not device or device.late == 0 and device.id ~= id) then
    passed = now - arrival
    spent = math.max(0, used - passed)
  end
  if device and times ~= '' then
    local _, found = string.find(times, '|' .. device.id .. ' ', 1, true)
    local last, own = string.match(times, '^(%d+) (%d+)', found and found + 1 or #times + 1)
    if last and device.time >= tonumber(last) then
      passed = math.min(passed, device.time - last)
      spent = math.max(spent, own - (device.time - last))
    end
  end
  return passed, spent
end

-- Returns the mark after a rep that counts, and how long it is kept, in ms.
local function move_mark(mark, device, now, used, interval)
  local head, times = string.match(mark or '0 0', '^([^|]*)(.*)$')
  if not device then
    if times == '' then return string.format('%.0f %.0f', now, used), math.max(interval, used) end
    return string.format('%.0f %.0f%s', now, used, times), MARK_TTL_MS
  end
  if device.late == 0 then head = string.format('%.0f %.0f %s', now, used, device.id) end
  local kept = {head, string.format('|%s %.0f %.0f', device.id, device.time, used)}
  for other, last in string.gmatch(times, '|(%S+) ([^|]+)') do
    if #kept <= MAX_MARKED and other ~= device.id then kept[#kept + 1] = '|' .. other .. ' ' .. last end
  end
  return table.concat(kept), MARK_TTL_MS
end

-- Count a refusal with the live session, if there is one, and keep the last 100.
local function note_refusal(session, refused, reason, time)
  local started = redis.call('HGET', session, 'started')
  if not started then return end
  redis.call('HINCRBY', session, 'refused:' .. reason, 1)
  redis.call('RPUSH', refused, (time - started) * 8 + REASONS[reason])
  redis.call('LTRIM', refused, -100, -1)
end
