-- Count reps: each is one atomic operation, and many share a call. device.lua and gates.lua stand before this file.
-- KEYS, 6 a rep: mark, session (hash), timeline (list), refused (list), live index (sorted set), memory of the device (of a plain
--       socket: the mark again)
-- ARGV: 1 the time in ms, '' for this server's clock; 2 the first 32 characters of a UUID for the sessions that begin here;
--       then 3 a rep: index member; the exercise's limits: "smallest interval in ms, a rep's share of the minute in ms, most reps a
--       session"; and what the device says (see device.lua; '' of a plain socket)
-- Returns 3 numbers a rep: verdict (1 counted, 2 debounced, 3 duplicate, 4 forgotten, 5 pace, 6 session_full), running count, ms until
--       a rep can count; and for each rep of a device the id of its live session, '' where there is none
-- A timeline entry packs (ms since the session began, device number, late mark), a refused one (ms, reason): see timeline.py.
-- What is not saved yet must not vanish: only the mark and the device's memory expire.
local clock = redis.call('TIME')
local now = tonumber(ARGV[1]) or clock[1] * 1000 + math.floor(clock[2] / 1000)
local least_ttl_ms = ARGV[1] ~= '' and 60000 or 0
local limits = {}

local function read_limits(text)
  local interval, share, most = string.match(text, '^(%d+) (%d+) (%d+)$')
  limits[text] = {interval = tonumber(interval), share = tonumber(share), most = tonumber(most)}
  return limits[text]
end

-- Returns a verdict, the count if it is known, and how long to wait. `key` is the first of the rep's keys, `arg` of its arguments.
local function count_rep(key, arg, device, id)
  local mark, limit = redis.call('GET', KEYS[key]), limits[ARGV[arg + 1]] or read_limits(ARGV[arg + 1])
  local session, passed, spent, noted = KEYS[key + 1], math.huge, 0, nil
  if mark then passed, spent, noted = weigh(mark, device, now, limit.interval) end
  local time = device and device.time or now
  if passed < limit.interval then
    if noted then redis.call('SET', KEYS[key], noted, 'KEEPTTL') end
    note_refusal(session, KEYS[key + 3], 'debounced', time)
    return 2, nil, limit.interval - passed
  elseif spent > TOLERANCE_MS then
    note_refusal(session, KEYS[key + 3], 'pace', time)
    return 5, nil, spent - TOLERANCE_MS
  end
  local started = redis.call('HGET', session, 'started')
  if not started then
    started = time
    redis.call('HSET', session, 'id', id, 'started', started)
  end
  local count = redis.call('RPUSH', KEYS[key + 2], (time - started) * 128 + (device and enter_device(session, device) or 0))
  if count > limit.most then
    redis.call('RPOP', KEYS[key + 2])
    note_refusal(session, KEYS[key + 3], 'session_full', time)
    return 6, count - 1, 0
  end
  local moved, ttl_ms = move_mark(mark, device, now, spent + limit.share, limit.interval)
  redis.call('SET', KEYS[key], moved, 'PX', math.max(ttl_ms, least_ttl_ms))
  redis.call('ZADD', KEYS[key + 4], now, ARGV[arg])
  return 1, count, 0
end

local replies, ids = {}, {}
for number = 1, #KEYS / 6 do
  local key, arg = number * 6 - 5, number * 3
  local device, verdict, count, wait = nil, 1, nil, 0
  if ARGV[arg + 2] ~= '' then device, verdict = meet_device(KEYS[key + 5], ARGV[arg + 2], now) end
  if verdict == 1 then
    verdict, count, wait = count_rep(key, arg, device, ARGV[2] .. string.format('%04x', number))
    if device then settle_device(KEYS[key + 5], KEYS[key + 1], device) end
  end
  if device then ids[#ids + 1] = redis.call('HGET', KEYS[key + 1], 'id') or '' end
  replies[number * 3 - 2], replies[number * 3 - 1], replies[number * 3] = verdict, count or redis.call('LLEN', KEYS[key + 2]), wait
end
return {replies, ids}
