-- Part of rep.lua: devices that number their reps.
-- A device's rep has a stamp, "device seq time known offset": the device's id; the rep's seq; its
-- time in ms by the server's clock, or "-"; the highest seq that its socket knows is settled; and,
-- unless left out, the clock offset that the time was corrected by.
-- The memory of a device is "seq time offset": the highest seq settled, whatever the verdict, and
-- the time and the offset used for it.
local MEMORY_TTL_S = 172800
local MAX_AHEAD_MS, MAX_AGE_MS, LATE_MS = 2000, 86400000, 10000
local MAX_OFFSET_CHANGE_MS, SET_BACK_MS = 10000, 5000

-- Returns whether the server's clock was set back: no rep's time is ever so far ahead of it.
local function is_set_back(time, now)
  return time > now + SET_BACK_MS
end

-- A delayed hello makes the offset too large. The next, faster hello would then turn the device's
-- time back, and none of its reps could be trusted. So the last offset stays in use while the new
-- one is close to it and the time it gives is not too far ahead. If only the last offset turns
-- time back, the device's clock was set: the new one is right.
local function keep_offset(time, offset, last_offset, last_time, now)
  local steady = time - offset + last_offset
  local is_close = math.abs(offset - last_offset) <= MAX_OFFSET_CHANGE_MS
  if is_close and steady <= now + MAX_AHEAD_MS and (steady >= last_time or time < last_time) then
    return steady, last_offset
  end
  return time, offset
end

-- Returns the device and a verdict. COUNTED means that the rep may count; after FORGOTTEN, settling
-- it would lose the seqs in between.
local function read_stamp(memory, stamp, now)
  local id, seq, given, known, offset = string.match(stamp, '^(%S+) (%d+) (%S+) (%d+) ?(%-?%d*)$')
  local last_seq, last_time, last_offset =
    string.match(redis.call('GET', memory) or '0 0', '^(%d+) (%-?%d+) ?(%-?%d*)$')
  seq, given, offset = tonumber(seq), tonumber(given), tonumber(offset)
  last_seq, last_time, last_offset = tonumber(last_seq), tonumber(last_time), tonumber(last_offset)
  if seq <= last_seq then return {}, DUPLICATE end
  if last_seq < tonumber(known) then return {}, FORGOTTEN end
  if is_set_back(last_time, now) then last_time = 0 end
  if given and offset and last_offset then
    given, offset = keep_offset(given, offset, last_offset, last_time, now)
  end
  local is_trusted = given and given >= last_time
    and given <= now + MAX_AHEAD_MS and given >= now - MAX_AGE_MS
  -- never before the last time: a clock that jumps must not make room for impossible reps
  local time = is_trusted and given or math.max(now, last_time)
  local late = now - time > LATE_MS and 1 or 0
  local is_distrusted = given and not is_trusted
  return {id = id, seq = seq, time = time, offset = offset or 0, late = late,
    is_distrusted = is_distrusted}, COUNTED
end

-- Remember what is settled: for 48 hours, and with the live session, if there is one, for good.
local function settle_device(memory, session, is_live, device)
  local text = string.format('%.0f %.0f %.0f', device.seq, device.time, device.offset)
  redis.call('SET', memory, text, 'EX', MEMORY_TTL_S)
  if is_live then
    redis.call('HSET', session, 'seq:' .. device.id, device.seq)
    if device.is_distrusted then redis.call('HINCRBY', session, 'clock', 1) end
  end
end
