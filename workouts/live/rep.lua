-- Count reps: each is one atomic operation, and many share a call. device.lua and mark.lua stand before this file.
-- KEYS, 6 a rep: debounce mark, session (hash), timeline (list), refused (list), live index (sorted set),
--       memory of the device (of a plain socket: the mark again)
-- ARGV: 1 the time in ms, '' for this server's clock; 2 the first 32 characters of a UUID for the sessions that begin here;
--       then 3 a rep: index member, smallest interval in ms, what the device says (see device.lua; '' of a plain socket)
-- Returns 3 numbers a rep: verdict (1 counted, 2 debounced, 3 duplicate, 4 forgotten), running count, ms until a rep can count;
--       and for each rep of a device the id of its live session, '' where there is none
-- A timeline entry packs (ms since the session began, device number, late mark), a refused one (ms, reason): see timeline.py.
-- What is not saved yet must not vanish: only the mark and the device's memory expire.
local clock = redis.call('TIME')
local now = tonumber(ARGV[1]) or clock[1] * 1000 + math.floor(clock[2] / 1000)
local mark_ttl_ms = ARGV[1] ~= '' and 60000 or 0

local function refuse(session, refused, time)
  local started = redis.call('HGET', session, 'started')
  if started then
    redis.call('HINCRBY', session, 'refused:debounced', 1)
    redis.call('RPUSH', refused, (time - started) * 8 + 1)
    redis.call('LTRIM', refused, -100, -1)
  end
end

local replies, ids = {}, {}
for number = 1, #KEYS / 6 do
  local key, arg = number * 6 - 5, number * 3
  local mark, session, timeline = KEYS[key], KEYS[key + 1], KEYS[key + 2]
  local time, device, verdict, count, wait = now, nil, 1, nil, 0
  if ARGV[arg + 2] ~= '' then
    device, verdict = meet_device(KEYS[key + 5], ARGV[arg + 2], now)
    time = device.time
  end
  if verdict == 1 then
    local last, interval = redis.call('GET', mark), tonumber(ARGV[arg + 1])
    local passed, noted = math.huge, nil
    if last then passed, noted = since_mark(last, device, now) end
    if passed < interval then
      verdict, wait = 2, interval - passed
      if noted then redis.call('SET', mark, noted, 'KEEPTTL') end
      refuse(session, KEYS[key + 3], time)
    else
      local started = redis.call('HGET', session, 'started')
      if not started then
        started = time
        redis.call('HSET', session, 'id', ARGV[2] .. string.format('%04x', number), 'started', started)
      end
      local moved, ttl_ms = move_mark(last, device, now, interval)
      redis.call('SET', mark, moved, 'PX', math.max(ttl_ms, mark_ttl_ms))
      redis.call('ZADD', KEYS[key + 4], now, ARGV[arg])
      count = redis.call('RPUSH', timeline, (time - started) * 128 + (device and enter_device(session, device) or 0))
    end
    if device then settle_device(KEYS[key + 5], session, device) end
  end
  if device then ids[#ids + 1] = redis.call('HGET', session, 'id') or '' end
  replies[number * 3 - 2], replies[number * 3 - 1], replies[number * 3] = verdict, count or redis.call('LLEN', timeline), wait
end
return {replies, ids}
