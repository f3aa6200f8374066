-- Part of rep.lua: what a device that numbers its reps adds to one.
-- It says "device seq time known": its id; the seq of this rep; the time of this rep in ms by this server's clock, or "-"; and the
-- highest seq that its socket knows as settled. Its memory is "seq time": the highest seq settled, whatever the verdict,
-- and the time that was used for it. A mark set by a device is "time arrival device".
local MEMORY_TTL_S, MARK_TTL_MS = 172800, 60000
local MAX_AHEAD_MS, MAX_AGE_MS, LATE_MS, MAX_NUMBER = 2000, 86400000, 10000, 63

-- Returns the rep, and a verdict where there is nothing to count: 3 its seq was settled before; 4 this server forgot what
-- the socket knows (a failover), so that settling this one would lose those between.
local function meet_device(memory, said, now)
  local device, seq, at, known = string.match(said, '^(%S+) (%d+) (%S+) (%d+)$')
  local last_seq, last_time = string.match(redis.call('GET', memory) or '0 0', '^(%d+) (%-?%d+)$')
  seq, at, last_seq, last_time = tonumber(seq), tonumber(at), tonumber(last_seq), tonumber(last_time)
  if seq <= last_seq then return {}, 3 end
  if last_seq < tonumber(known) then return {}, 4 end
  local trusted = at and at >= last_time and at <= now + MAX_AHEAD_MS and at >= now - MAX_AGE_MS
  local time = trusted and at or now
  return {device = device, seq = seq, time = time, late = now - time > LATE_MS and 1 or 0, distrusted = at and not trusted}
end

-- The time of the last counted rep that this one's is to be measured from, as if both were arrivals.
local function read_mark(mark, rep, now)
  local time, arrival, device = string.match(mark, '^(%-?%d+) (%d+) (%S+)$')
  return device == rep.device and now - (rep.time - time) or arrival
end

local function write_mark(rep, now)
  return string.format('%.0f %.0f %s', rep.time, now, rep.device)
end

-- Returns the device's number within the session.
local function enter_device(session, rep)
  local number = redis.call('HGET', session, 'device:' .. rep.device)
  if not number then
    number = math.min(redis.call('HINCRBY', session, 'devices', 1), MAX_NUMBER)
    redis.call('HSET', session, 'device:' .. rep.device, number)
  end
  return number
end

-- Remember what was settled: for 48 hours, and with the session, if there is one, for good.
local function settle_device(memory, session, rep)
  redis.call('SET', memory, string.format('%.0f %.0f', rep.seq, rep.time), 'EX', MEMORY_TTL_S)
  if redis.call('EXISTS', session) == 1 then
    redis.call('HSET', session, 'seq:' .. rep.device, rep.seq)
    if rep.distrusted then redis.call('HINCRBY', session, 'clock', 1) end
  end
end
