-- Count reps: each is one atomic operation, and many share a call.
-- KEYS, 5 a rep: debounce mark, session (hash), timeline (list), refused (list), live index (sorted set)
-- ARGV: 1 the time in ms, '' for this server's clock; 2 the first 32 characters of a UUID for the sessions that begin here;
--       then 2 a rep: index member, smallest interval in ms
-- Returns 3 numbers a rep: verdict (1 counted, 2 debounced), running count, ms until a rep can count
-- A timeline entry packs (ms since the session began, device number, late mark), a refused one (ms, reason): see timeline.py.
-- Only the mark expires: what is not saved yet must not vanish.
local now, mark_ttl_ms = tonumber(ARGV[1]), 60000
if not now then
  local clock = redis.call('TIME')
  now, mark_ttl_ms = clock[1] * 1000 + math.floor(clock[2] / 1000), nil
end
local replies = {}
for rep = 1, #KEYS / 5 do
  local key = rep * 5 - 4
  local mark, session, timeline, refused = KEYS[key], KEYS[key + 1], KEYS[key + 2], KEYS[key + 3]
  local member, interval = ARGV[rep * 2 + 1], tonumber(ARGV[rep * 2 + 2])
  local last = tonumber(redis.call('GET', mark))
  local verdict, count, wait = 1, 0, 0
  -- a mark in the future is a clock that was set back, and no reason to refuse
  if last and now >= last and now - last < interval then
    verdict, wait = 2, interval - (now - last)
    count = redis.call('LLEN', timeline)
    if count > 0 then
      redis.call('HINCRBY', session, 'refused:debounced', 1)
      redis.call('RPUSH', refused, (now - redis.call('HGET', session, 'started')) * 8 + 1)
      redis.call('LTRIM', refused, -100, -1)
    end
  else
    local started = redis.call('HGET', session, 'started')
    if not started then
      started = now
      redis.call('HSET', session, 'id', ARGV[2] .. string.format('%04x', rep), 'started', now)
    end
    redis.call('SET', mark, now, 'PX', mark_ttl_ms or interval)
    redis.call('ZADD', KEYS[key + 4], now, member)
    count = redis.call('RPUSH', timeline, (now - started) * 128)
  end
  replies[rep * 3 - 2], replies[rep * 3 - 1], replies[rep * 3] = verdict, count, wait
end
return replies
