-- Count reps: each rep is one atomic operation, and many share a call.
-- verdicts.lua, device.lua, marks.lua and gates.lua come before this file.
-- KEYS, 6 per rep: mark, session (hash), timeline (list), refused (list), live index (sorted
--   set), the device's memory (for a plain socket the mark again)
-- ARGV: 1 the time in ms, '' for this server's clock
--   2 the first 32 characters of a UUID for the sessions that begin here
--   then 3 per rep: index member; the limits, "interval share most": smallest interval in
--   ms, a rep's share of a minute in ms, most reps in a session; and the stamp, '' for a plain
--   socket (see device.lua)
-- Returns 3 numbers per rep: verdict, running count, ms until a rep can count; and in a second
--   list, for each rep with a stamp, the id of its live session, '' if there is none
-- A timeline entry packs (ms since the session began, device number, late mark), a refused one
-- (ms, reason): see timeline.py.
-- What is not saved yet must not vanish: only the mark and the device's memory expire.
local clock = redis.call('TIME')
local now = tonumber(ARGV[1]) or clock[1] * 1000 + math.floor(clock[2] / 1000)
local min_ttl_ms = ARGV[1] ~= '' and 60000 or 0 -- a given time stands still, a TTL does not

-- Returns a verdict, the count if it is known, and how long to wait in ms. KEYS[key] and ARGV[arg]
-- are the rep's first.
local function count_rep(key, arg, device, new_id)
  local mark = redis.call('GET', KEYS[key])
  local limits = limits_by_text[ARGV[arg + 1]] or read_limits(ARGV[arg + 1])
  local session, refused = KEYS[key + 1], KEYS[key + 3]
  local gap, debt, new_mark = math.huge, 0, nil
  if mark then gap, debt, new_mark = compare_with_mark(mark, device, now, limits.interval) end
  local time = device and device.time or now
  if gap < limits.interval then
    if new_mark then redis.call('SET', KEYS[key], new_mark, 'KEEPTTL') end
    note_refusal(session, refused, 'debounced', time)
    return DEBOUNCED, nil, limits.interval - gap
  elseif debt > TOLERANCE_MS then
    note_refusal(session, refused, 'pace', time)
    return PACE, nil, debt - TOLERANCE_MS
  end
  local started = redis.call('HGET', session, 'started')
  if not started then
    started = time
    redis.call('HSET', session, 'id', new_id, 'started', started)
  end
  local source = device and enter_device(session, device) or 0
  local count = redis.call('RPUSH', KEYS[key + 2], (time - started) * 128 + source)
  if count > limits.most then
    redis.call('RPOP', KEYS[key + 2])
    note_refusal(session, refused, 'session_full', time)
    return SESSION_FULL, count - 1, 0
  end
  local moved, ttl_ms = move_mark(mark, device, now, debt + limits.share, limits.interval)
  redis.call('SET', KEYS[key], moved, 'PX', math.max(ttl_ms, min_ttl_ms))
  redis.call('ZADD', KEYS[key + 4], now, ARGV[arg])
  return COUNTED, count, 0
end

local results, ids = {}, {}
for number = 1, #KEYS / 6 do
  local key, arg = number * 6 - 5, number * 3
  local device, verdict, count, wait_ms = nil, COUNTED, nil, 0
  if ARGV[arg + 2] ~= '' then device, verdict = read_stamp(KEYS[key + 5], ARGV[arg + 2], now) end
  if verdict == COUNTED then
    local new_id = ARGV[2] .. string.format('%04x', number)
    verdict, count, wait_ms = count_rep(key, arg, device, new_id)
    if device then settle_device(KEYS[key + 5], KEYS[key + 1], device) end
  end
  if device then ids[#ids + 1] = redis.call('HGET', KEYS[key + 1], 'id') or '' end
  results[number * 3 - 2] = verdict
  results[number * 3 - 1] = count or redis.call('LLEN', KEYS[key + 2])
  results[number * 3] = wait_ms
end
return {results, ids}
