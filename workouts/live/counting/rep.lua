-- Count reps: each rep is one atomic operation, and many share a call.
-- verdicts.lua, device.lua, marks.lua, gates.lua, times.lua and pairing.lua come before this file.
-- KEYS, 5 per rep: mark, session (hash), timeline (list), refused (list), live index (sorted set);
--   for a device's 3 more: its memory, reps that another device had counted (list), counted times
--   (list)
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
local SESSION, TIMELINE, REFUSED, INDEX, MEMORY, OTHERS, TIMES = 1, 2, 3, 4, 5, 6, 7
local PLAIN_KEYS, DEVICE_KEYS = 5, 8

-- Begin a session with the rep whose first argument is ARGV[arg]. Returns its id.
local function begin_session(session, arg, time)
  local id = ARGV[2] .. string.format('%04x', arg / 3)
  redis.call('HSET', session, 'id', id, 'started', time)
  return id
end

-- Add a rep that counts to the live session. Returns the verdict and the count.
-- The live index knows to the second when the last rep counted, since the one before it arrived at
-- `arrival`: most reps of a quick set need not write it.
local function add_rep(key, arg, started, time, source, limits, arrival)
  local count = redis.call('RPUSH', KEYS[key + TIMELINE], (time - started) * 128 + source)
  if count > limits.most then
    redis.call('RPOP', KEYS[key + TIMELINE])
    note_refusal(KEYS[key + SESSION], KEYS[key + REFUSED], started, 'session_full', time)
    return SESSION_FULL, count - 1
  end
  if count == 1 or math.floor(now / 1000) ~= math.floor(arrival / 1000) then
    redis.call('ZADD', KEYS[key + INDEX], now, ARGV[arg])
  end
  return COUNTED, count
end

-- Add a rep that another device had counted to the session's list, which is as long as a session.
local function add_other_rep(others, packed, most)
  if redis.call('RPUSH', others, packed) > most then redis.call('RPOP', others) end
end

-- Returns the verdict on a plain rep, the count if it is known, and how long to wait in ms.
-- KEYS[key] and ARGV[arg] are the rep's first.
local function count_plain_rep(key, arg, limits)
  local started = redis.call('HGET', KEYS[key + SESSION], 'started')
  local arrival, debt, rest = string.match(get_mark(KEYS[key]), '^(%d+) (%d+)(.*)$')
  if not arrival then arrival, debt, rest = 0, 0, '' end
  local gap = find_gap(arrival, now)
  if gap < limits.interval then
    note_refusal(KEYS[key + SESSION], KEYS[key + REFUSED], started, 'debounced', now)
    return DEBOUNCED, nil, limits.interval - gap
  end
  local newest = tonumber(rest == '' and arrival or string.match(rest, '^ (%-?%d+)') or arrival)
  debt = is_set_back(newest, now) and 0 or find_debt(tonumber(debt), now - newest)
  if debt > TOLERANCE_MS then
    note_refusal(KEYS[key + SESSION], KEYS[key + REFUSED], started, 'pace', now)
    return PACE, nil, debt - TOLERANCE_MS
  end
  if not started then
    begin_session(KEYS[key + SESSION], arg, now)
    started = now
  end
  local verdict, count = add_rep(key, arg, started, now, 0, limits, arrival)
  if verdict == COUNTED then write_plain_mark(KEYS[key], now, debt + limits.share, rest) end
  return verdict, count, 0
end

-- Returns why a device's rep does not count, if so: a verdict, how long to wait in ms, and the reason
-- for a refusal.
local function judge_device_rep(key, mark, own, device, started, limits)
  local gap = find_gap_of_device(mark, own, device, now, limits.interval)
  if gap < limits.interval then return DEBOUNCED, limits.interval - gap, 'debounced' end
  local is_late, times = device.late == 1, KEYS[key + TIMES]
  local is_near = is_near_others(mark, own, device.time, limits)
  if started and (is_near or is_late) then
    ask_times(times, list_times, KEYS[key + SESSION], KEYS[key + TIMELINE], started)
  end
  if own.time and device.time < own.time then own.pointer = 0 end -- as of another clock
  if is_near and ask_times(times, pair_rep, own, device.time, limits) then return OTHER_DEVICE, 0 end
  if is_set_back(mark.newest, now) then mark.newest, mark.debt = now, 0 end
  mark.debt = find_debt(mark.debt, device.time - mark.newest)
  if is_late then
    local is_full = ask_times(times, is_minute_full, device.time, limits.most_a_minute)
    if is_full then return PACE, 0, 'pace' end
  elseif mark.debt > TOLERANCE_MS then
    return PACE, mark.debt - TOLERANCE_MS, 'pace'
  end
end

-- Returns the same as count_plain_rep for a device's rep, and the live session's id.
local function count_device_rep(key, arg, limits, device)
  local mark = read_mark(get_mark(KEYS[key]))
  local own, session = find_device(mark, device.id), KEYS[key + SESSION]
  local id, started = unpack(redis.call('HMGET', session, 'id', 'started'))
  local verdict, wait_ms, reason = judge_device_rep(key, mark, own, device, started, limits)
  local time, count = device.time, nil
  if reason then
    note_refusal(session, KEYS[key + REFUSED], started, reason, time)
  elseif verdict == OTHER_DEVICE then
    write_mark(KEYS[key], session, mark, own)
    if started then
      add_other_rep(KEYS[key + OTHERS], (time - started) * 64 + own.number, limits.most)
    end
  else
    if not started then id, started = begin_session(session, arg, time), time end
    verdict, count = add_rep(key, arg, started, time, own.number * 2 + device.late, limits,
      mark.arrival)
    if verdict == COUNTED then
      if device.late == 0 then
        mark.arrival, mark.sender, mark.debt = now, own.number, mark.debt + limits.share
      end
      mark.newest, own.time = math.max(mark.newest, time), time
      write_mark(KEYS[key], session, mark, own)
    end
  end
  -- a device that has had nothing but refusals is none of the few that are remembered
  settle_device(KEYS[key + MEMORY], session, id and not own.is_new, device)
  return verdict, count, wait_ms or 0, id
end

local results, ids, key = {}, {}, 1
for arg = 3, #ARGV, 3 do
  local limits = limits_by_text[ARGV[arg + 1]] or read_limits(ARGV[arg + 1])
  local number, stamp = arg / 3, ARGV[arg + 2]
  local verdict, count, wait_ms = nil, nil, 0
  if stamp == '' then
    verdict, count, wait_ms = count_plain_rep(key, arg, limits)
  else
    local device, id = nil, nil
    device, verdict = read_stamp(KEYS[key + MEMORY], stamp, now)
    if verdict == COUNTED then
      verdict, count, wait_ms, id = count_device_rep(key, arg, limits, device)
    else
      id = redis.call('HGET', KEYS[key + SESSION], 'id')
    end
    ids[#ids + 1] = id or ''
  end
  results[number * 3 - 2] = verdict
  results[number * 3 - 1] = count or redis.call('LLEN', KEYS[key + TIMELINE])
  results[number * 3] = wait_ms
  key = key + (stamp == '' and PLAIN_KEYS or DEVICE_KEYS)
end
return {results, ids}
