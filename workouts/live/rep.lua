-- Count reps: each is one atomic operation, and many share a call. device.lua stands before this file.
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

-- How long until a rep counts: by the device's own times after a rep of the same device, else by arrival.
local function find_wait(mark, interval, rep)
  local last = redis.call('GET', mark)
  if not last then return 0 end
  local passed = now - (tonumber(last) or read_mark(last, rep, now))
  -- a mark in the future is a clock that was set back, and no reason to refuse
  return passed >= 0 and passed < interval and interval - passed or 0
end

local function refuse(session, refused, rep, started)
  redis.call('HINCRBY', session, 'refused:debounced', 1)
  redis.call('RPUSH', refused, (rep.time - started) * 8 + 1)
  redis.call('LTRIM', refused, -100, -1)
end

local function count_rep(number, mark, session, timeline, refused, index, member, interval, rep)
  local wait = find_wait(mark, interval, rep)
  local started = redis.call('HGET', session, 'started')
  if wait > 0 then
    if started then refuse(session, refused, rep, started) end
    return 2, redis.call('LLEN', timeline), wait
  end
  if not started then
    started = rep.time
    redis.call('HSET', session, 'id', ARGV[2] .. string.format('%04x', number), 'started', started)
  end
  redis.call('SET', mark, rep.device and write_mark(rep, now) or now, 'PX', math.max(interval, rep.device and MARK_TTL_MS or mark_ttl_ms))
  redis.call('ZADD', index, now, member)
  local device_number = rep.device and enter_device(session, rep) or 0
  return 1, redis.call('RPUSH', timeline, (rep.time - started) * 128 + device_number * 2 + (rep.late or 0)), 0
end

local replies, ids, plain = {}, {}, {time = now}
for number = 1, #KEYS / 6 do
  local key, arg = number * 6 - 5, number * 3
  local mark, session, timeline, refused, index, memory = unpack(KEYS, key, key + 5)
  local rep, verdict = plain, nil
  if ARGV[arg + 2] ~= '' then
    rep, verdict = meet_device(memory, ARGV[arg + 2], now)
  end
  local count, wait = nil, 0
  if verdict then
    count = redis.call('LLEN', timeline)
  else
    verdict, count, wait = count_rep(number, mark, session, timeline, refused, index, ARGV[arg], tonumber(ARGV[arg + 1]), rep)
    if rep.device then settle_device(memory, session, rep) end
  end
  if rep ~= plain then ids[#ids + 1] = redis.call('HGET', session, 'id') or '' end
  replies[number * 3 - 2], replies[number * 3 - 1], replies[number * 3] = verdict, count, wait
end
return {replies, ids}
