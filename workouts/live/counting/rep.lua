-- Count reps: each rep is one atomic operation, and many share a call.
-- verdicts.lua, device.lua, marks.lua, gates.lua and pairing.lua come before this file.
-- KEYS, 8 per rep: mark, session (hash), timeline (list), refused (list), reps that another device
--   had counted (list), counted times (list), live index (sorted set), the device's memory (for a
--   plain socket the mark again)
-- ARGV: 1 the time in ms, '' for this server's clock
--   2 the first 32 characters of a UUID for the sessions that begin here
--   then 3 per rep: index member; the limits, "interval share most low high": smallest interval in
--   ms, a rep's share of a minute in ms, most reps in a session, the fastest and the slowest typical
--   rep in ms; and the stamp, '' for a plain socket (see device.lua)
-- Returns 3 numbers per rep: verdict, running count, ms until a rep can count; and in a second
--   list, for each rep with a stamp, the id of its live session, '' if there is none
-- A timeline entry packs (ms since the session began, device number, late mark), one of another
-- device's reps (ms, device number), a refused one (ms, reason): see timeline.py.
-- What is not saved yet must not vanish: only the mark, the counted times and the device's memory
-- expire.
local clock = redis.call('TIME')
local now = tonumber(ARGV[1]) or clock[1] * 1000 + math.floor(clock[2] / 1000)
local PER_REP = 8
local MARK, SESSION, TIMELINE, REFUSED, OTHERS, TIMES, INDEX, MEMORY = 0, 1, 2, 3, 4, 5, 6, 7

-- Begin a session at a time. An older version of the service left the other devices' reps behind.
local function begin_session(key, live, time, new_id)
  live.id, live.started, live.is_new = new_id, time, true
  redis.call('HSET', KEYS[key + SESSION], 'id', new_id, 'started', time)
  redis.call('DEL', KEYS[key + OTHERS])
end

-- Add a rep to the session. Returns the count, or nil and the count if the session is full.
local function add_to_session(key, live, time, source, most)
  local count = redis.call('RPUSH', KEYS[key + TIMELINE], (time - live.started) * 128 + source)
  if count <= most then return count end
  redis.call('RPOP', KEYS[key + TIMELINE])
  return nil, count - 1
end

-- Returns the verdict of the gates, or nil, how long to wait in ms, and the reason.
local function judge(key, mark, own, device, limits)
  local gap = find_gap(mark, own, device, now, limits.interval)
  if gap < limits.interval then return DEBOUNCED, limits.interval - gap, 'debounced' end
  if device and pair_rep(KEYS[key + TIMES], mark, own, device.time, limits) then
    return OTHER_DEVICE, 0
  end
  if device and device.late == 1 then
    if is_minute_full(KEYS[key + TIMES], device.time, limits.most_a_minute) then
      return PACE, 0, 'pace'
    end
  else
    local debt = find_debt(mark, device and device.time or now)
    if debt > TOLERANCE_MS then return PACE, debt - TOLERANCE_MS, 'pace' end
  end
end

-- Move the mark behind a rep that counted.
local function move_mark(key, mark, own, device, time, share)
  mark.debt = find_debt(mark, time)
  if not (device and device.late == 1) then
    mark.arrival, mark.sender, mark.debt = now, own and own.number or 0, mark.debt + share
  end
  mark.newest = math.max(mark.newest, time)
  if own then
    own.time = time
    put_device_first(mark, own, KEYS[key + SESSION])
  else
    mark.plain = time
  end
  write_mark(KEYS[key], mark)
end

-- Returns a verdict, the count if it is known, and how long to wait in ms. KEYS[key] and ARGV[arg]
-- are the rep's first.
local function count_rep(key, arg, live, device, new_id)
  local text = redis.call('GET', KEYS[key])
  local limits = limits_by_text[ARGV[arg + 1]] or read_limits(ARGV[arg + 1])
  local mark = read_mark(text or NEW_MARK)
  local own = device and find_device(mark, device.id)
  local verdict, wait_ms, reason = judge(key, mark, own, device, limits)
  local time = device and device.time or now
  if reason then
    note_refusal(KEYS[key + SESSION], KEYS[key + REFUSED], live.started, reason, time)
    return verdict, nil, wait_ms
  elseif verdict == OTHER_DEVICE then
    put_device_first(mark, own, KEYS[key + SESSION])
    write_mark(KEYS[key], mark)
    if live.started then
      redis.call('RPUSH', KEYS[key + OTHERS], (time - live.started) * 64 + own.number)
    end
    return OTHER_DEVICE, nil, 0
  end
  if not live.started then begin_session(key, live, time, new_id) end
  local number = own and own.number or 0
  local source = number * 2 + (device and device.late or 0)
  local count, most = add_to_session(key, live, time, source, limits.most)
  if not count then
    note_refusal(KEYS[key + SESSION], KEYS[key + REFUSED], live.started, 'session_full', time)
    return SESSION_FULL, most, 0
  end
  add_counted(KEYS[key + TIMES], time, number, text and mark.newest)
  if live.is_new then redis.call('PEXPIRE', KEYS[key + TIMES], COUNTED_TTL_MS) end
  move_mark(key, mark, own, device, time, limits.share)
  redis.call('ZADD', KEYS[key + INDEX], now, ARGV[arg])
  return COUNTED, count, 0
end

local results, ids = {}, {}
for number = 1, #KEYS / PER_REP do
  local key, arg = (number - 1) * PER_REP + 1, number * 3
  local device, verdict, count, wait_ms = nil, COUNTED, nil, 0
  if ARGV[arg + 2] ~= '' then device, verdict = read_stamp(KEYS[key + MEMORY], ARGV[arg + 2], now) end
  local found = redis.call('HMGET', KEYS[key + SESSION], 'id', 'started')
  local live = {id = found[1], started = found[2]}
  if verdict == COUNTED then
    local new_id = ARGV[2] .. string.format('%04x', number)
    verdict, count, wait_ms = count_rep(key, arg, live, device, new_id)
    if device then
      settle_device(KEYS[key + MEMORY], KEYS[key + SESSION], live.started, device)
    end
  end
  if device then ids[#ids + 1] = live.id or '' end
  results[number * 3 - 2] = verdict
  results[number * 3 - 1] = count or redis.call('LLEN', KEYS[key + TIMELINE])
  results[number * 3] = wait_ms
end
return {results, ids}
