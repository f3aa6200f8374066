-- Part of rep.lua: what refuses a rep, as soon as it arrives.
--   debounced     too soon after the last rep: for a device after its own, by its own times; for a
--                 plain socket after anybody's, by arrival
--   pace          over the ceiling of reps a minute, whatever the devices: each counted rep adds its
--                 share of a minute to a debt, which time pays off and which may reach TOLERANCE_MS
--                 (GCRA). A late rep is held to the minute around its own time instead
--   session_full  the session has as many reps as it may have
local TOLERANCE_MS = 6000
local MAX_REFUSED_KEPT = 100
local REASONS = {debounced = 1, pace = 2, session_full = 3}
local limits_by_text = {}

local function read_limits(text)
  local interval, share, most, low, high = string.match(text, '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
  local limits = {interval = tonumber(interval), share = tonumber(share), most = tonumber(most),
    low = tonumber(low), high = tonumber(high)}
  limits.most_a_minute = math.floor(60000 / limits.share)
  limits_by_text[text] = limits
  return limits
end

-- Returns the ms since the last counted rep arrived. A mark in the future means that the server's
-- clock was set back, and refuses nothing.
local function find_gap(arrival, now)
  local gap = now - arrival
  return gap < 0 and math.huge or gap
end

-- Returns the ms since the device's last rep, and sets a time that cannot be right.
local function find_gap_of_device(mark, own, device, now, interval)
  if not own.time or device.time < own.time then return math.huge end
  local gap = find_gap(mark.arrival, now)
  if device.is_distrusted and mark.sender == own.number and gap < math.huge then
    -- by the arrivals, even if its last time is ahead of them; and no time is used twice
    device.time = math.max(device.time, own.time + math.min(gap, interval))
  end
  return device.time - own.time
end

-- Returns the debt that is left some ms after the newest rep. Times before it, as of two devices in a
-- stall or of late reps, pay nothing off.
local function find_debt(debt, since)
  return since > 0 and math.max(0, debt - since) or debt
end

-- Count a refusal with the live session, if there is one, and keep the newest.
local function note_refusal(session, refused, started, reason, time)
  if not started then return end
  redis.call('HINCRBY', session, 'refused:' .. reason, 1)
  redis.call('RPUSH', refused, (time - started) * 8 + REASONS[reason])
  redis.call('LTRIM', refused, -MAX_REFUSED_KEPT, -1)
end
