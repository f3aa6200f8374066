-- Part of rep.lua: what a device that numbers its reps adds to one.
-- It says "device seq time known offset": its id; the seq of this rep; the time of this rep in ms by this server's clock, or "-";
-- the highest seq that its socket knows as settled; and by how much its clock was corrected for that time. Its memory is
-- "seq time offset": the highest seq settled, whatever the verdict, the time that was used for it, and the correction that was.
local MEMORY_TTL_S = 172800
local MAX_AHEAD_MS, MAX_AGE_MS, LATE_MS, MAX_WOBBLE_MS, MAX_NUMBER = 2000, 86400000, 10000, 10000, 63

-- A hello that was slow on its way makes the offset too large, and the next one's would turn the device's time back, so that none
-- of its reps could be trusted. So the last one stays in use while it is near and leads to no time ahead, unless it is the one that
-- turns time back: then the clock was set anew.
local function steady(at, offset, last_offset, last_time, now)
  local time = at - offset + last_offset
  local is_near = math.abs(offset - last_offset) <= MAX_WOBBLE_MS and time <= now + MAX_AHEAD_MS
  if is_near and (time >= last_time or at < last_time) then return time, last_offset end
  return at, offset
end

-- Returns what the device says of the rep, and a verdict: 1 it is to be counted; 3 its seq was settled before; 4 this server
-- forgot what the socket knows (a failover), so that settling this one would lose those between.
local function meet_device(memory, said, now)
  local id, seq, at, known, offset = string.match(said, '^(%S+) (%d+) (%S+) (%d+) ?(%-?%d*)$')
  local last_seq, last_time, last_offset = string.match(redis.call('GET', memory) or '0 0', '^(%d+) (%-?%d+) ?(%-?%d*)$')
  offset, last_offset = tonumber(offset), tonumber(last_offset)
  seq, at, last_seq, last_time = tonumber(seq), tonumber(at), tonumber(last_seq), tonumber(last_time)
  if seq <= last_seq then return {}, 3 end
  if last_seq < tonumber(known) then return {}, 4 end
  if at and offset and last_offset then at, offset = steady(at, offset, last_offset, last_time, now) end
  local trusted = at and at >= last_time and at <= now + MAX_AHEAD_MS and at >= now - MAX_AGE_MS
  -- never before the last one: a clock that jumps must not make room for reps that no body can do
  local time = trusted and at or math.max(now, last_time)
  return {id = id, seq = seq, time = time, offset = offset or 0, late = now - time > LATE_MS and 1 or 0, distrusted = at and not trusted}, 1
end

-- Returns the device's number within the session and the late mark, as the timeline packs them.
local function enter_device(session, device)
  local number = redis.call('HGET', session, 'device:' .. device.id)
  if not number then
    number = math.min(redis.call('HINCRBY', session, 'devices', 1), MAX_NUMBER)
    redis.call('HSET', session, 'device:' .. device.id, number)
  end
  return number * 2 + device.late
end

-- Remember what was settled: for 48 hours, and with the session, if there is one, for good.
local function settle_device(memory, session, device)
  redis.call('SET', memory, string.format('%.0f %.0f %.0f', device.seq, device.time, device.offset), 'EX', MEMORY_TTL_S)
  if redis.call('EXISTS', session) == 1 then
    redis.call('HSET', session, 'seq:' .. device.id, device.seq)
    if device.distrusted then redis.call('HINCRBY', session, 'clock', 1) end
  end
end
