-- Part of rep.lua: what refuses a rep, as soon as it arrives.
--   debounced     too soon after the last rep that counted
--   pace          over the ceiling of reps a minute: each counted rep adds its share of a minute to
--                 a debt, which time pays off and which may reach TOLERANCE_MS (GCRA)
--   session_full  the session has as many reps as it may have
-- A device is held to its own times; arrivals count between devices, for plain sockets and for
-- times that cannot be right. But after a radio stall many reps share one arrival, so a device is
-- refused only once for another device's rep, and then goes by its own times. And the arrival of a
-- rep made offline says nothing: a late rep is compared with its own device's last one alone, and
-- is ignored for the other devices.
local TOLERANCE_MS = 6000
local MAX_REFUSED_KEPT = 100
local REASONS = {debounced = 1, pace = 2, session_full = 3}
local limits_by_text = {}

local function read_limits(text)
  local interval, share, most = string.match(text, '^(%d+) (%d+) (%d+)$')
  local limits = {interval = tonumber(interval), share = tonumber(share), most = tonumber(most)}
  limits_by_text[text] = limits
  return limits
end

-- Returns the ms since the last rep that this one is held to, the debt left, and, if another
-- device's rep is why it is refused, the mark to keep then (device is nil for a plain socket).
-- Sets a time that cannot be right. A mark in the future means that the server's clock was set
-- back, and refuses nothing.
local function compare_with_mark(mark, device, now, interval)
  local arrival, arrival_debt = string.match(mark, '^(%d+) (%d+)')
  local gap = now - arrival
  if gap < 0 then gap = math.huge end
  if not device then return gap, math.max(0, arrival_debt - gap) end
  local head, newest, devices = string.match(mark, '^(%d+ %d+ ?([^|]*))(.*)$')
  local last, last_debt, refused_for = find_device(devices, device.id)
  if device.is_distrusted and device.id == newest and last and gap < math.huge then
    -- by the arrivals, even if its last time is ahead of them; and no time is used twice
    device.time = math.max(device.time, last + math.min(gap, interval))
    gap = math.max(gap, device.time - last)
    return gap, math.max(0, arrival_debt - gap)
  end
  if device.late == 1 or device.id == newest or refused_for == arrival then gap = math.huge end
  local debt = math.max(0, arrival_debt - gap)
  if last and not device.is_distrusted and device.time >= tonumber(last) then
    debt = math.max(debt, last_debt - (device.time - last))
    if device.time - last <= gap then return device.time - last, debt end
  end
  if gap == math.huge then return gap, debt end
  -- the other device's rep by this device's clock: this device's next rep must be as far from that,
  -- but no farther, since this one did not count
  local since = math.max(device.time - gap, last or 0)
  local own = put_device_first(devices, device.id, since, debt + device.time - since, arrival)
  return gap, debt, head .. own
end

-- Count a refusal with the live session, if there is one, and keep the newest.
local function note_refusal(session, refused, reason, time)
  local started = redis.call('HGET', session, 'started')
  if not started then return end
  redis.call('HINCRBY', session, 'refused:' .. reason, 1)
  redis.call('RPUSH', refused, (time - started) * 8 + REASONS[reason])
  redis.call('LTRIM', refused, -MAX_REFUSED_KEPT, -1)
end
