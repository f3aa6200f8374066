-- Seal a live session: rename it to keys of its own id, so that new reps begin another session.
-- Safe to repeat. Nothing here expires: clear.lua removes it once it is saved.
-- counting/times.lua comes before this file.
-- KEYS: 1 session, 2 timeline, 3 refusals, 4 reps that another device had counted, 5 counted times,
--       6 live index, 7 sealed index, 8 waiting list of this athlete and exercise,
--       9 prefix of sealed keys, with the hash tag
-- ARGV: 1 index member, 2 '' or a time in ms: seal only if the last counted rep is not later,
--       3 the current time in ms, or '' for this server's clock,
--       4 '' or the load in kg, kept with the session that this call seals
-- Returns {the ids of all sealed sessions of this athlete and exercise, oldest first}; if there is one
--   only, what read.lua returns of it comes after the ids
local id, started = unpack(redis.call('HMGET', KEYS[1], 'id', 'started'))
local last = tonumber(redis.call('ZSCORE', KEYS[6], ARGV[1]) or 0)
if not id then
  redis.call('ZREM', KEYS[6], ARGV[1])
elseif ARGV[2] == '' or last <= tonumber(ARGV[2]) then
  local now = tonumber(ARGV[3])
  if not now then
    local clock = redis.call('TIME')
    now = clock[1] * 1000 + math.floor(clock[2] / 1000)
  end
  local sealed = KEYS[9] .. id
  -- a damaged session is sealed all the same
  ask_times(KEYS[5], list_times, KEYS[1], KEYS[2], started)
  redis.call('RENAME', KEYS[1], sealed)
  if ARGV[4] ~= '' then
    redis.call('HSET', sealed, 'load_kg', ARGV[4])
  end
  redis.call('RENAME', KEYS[2], sealed .. ':timeline')
  for key, list in pairs({[3] = ':refused', [4] = ':others'}) do
    if redis.call('EXISTS', KEYS[key]) == 1 then redis.call('RENAME', KEYS[key], sealed .. list) end
  end
  redis.call('ZREM', KEYS[6], ARGV[1])
  redis.call('ZADD', KEYS[7], now, id .. ':' .. ARGV[1])
  redis.call('RPUSH', KEYS[8], id)
end
local ids = redis.call('LRANGE', KEYS[8], 0, -1)
if #ids ~= 1 then return {ids} end
local only = KEYS[9] .. ids[1]
-- a damaged session must not fail the seal
return {
  ids,
  redis.pcall('HGETALL', only),
  redis.pcall('LRANGE', only .. ':timeline', 0, -1),
  redis.pcall('LRANGE', only .. ':refused', 0, -1),
  redis.pcall('LRANGE', only .. ':others', 0, -1),
}
