-- Answer sockets that come back: which sessions are live, and what is remembered of a device.
-- sessions.lua and devices.lua come before this file. Safe to repeat.
-- KEYS, 1 per question: what the athlete's keys begin with, the hash tag included
-- ARGV, 3 per question: the athlete's user_id; the device, '' to ask for the live sessions; for
--   sessions the exercises, separated by spaces, for a device "seq history": its last seq in the
--   database, and the history of writes before that was asked; '' if it was not
-- Returns for each question its answer, or the text of an error if the athlete's keys are damaged.
--   About sessions: exercise, id and count of each. About a device: its last seq, 0 if it has none
--   or is not known; whether that is all, as 1 or 0: if not, the database may have a higher one; and
--   the history
-- The memory of a device is described in device.lua; "0 0" stands for a device that has no seq yet.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local history

local function meet_device(prefix, user, saved, device)
  local saved_seq, asked_in = string.match(saved, '^(%d+) (%x*)$')
  history = history or read_history()
  local memory, devices = prefix .. 'device:' .. device .. ':' .. user, prefix .. 'devices:' .. user
  local seq, rest = string.match(redis.call('GET', memory) or '', '^(%d+) (.+)$')
  local last_seq = math.max(tonumber(seq or 0), tonumber(saved_seq or 0))
  if seq or saved_seq then
    local text = string.format('%.0f %s', last_seq, rest or '0')
    redis.call('SET', memory, text, 'EX', MEMORY_TTL_S)
  end
  -- what was read before a failover may be older than a save whose seqs the failover lost
  local is_whole = asked_in == history or (seq and is_memory_whole(devices, device, history, now))
  if not is_whole then return {last_seq, 0, history} end
  note_device(prefix, user, devices, device, string.format('%.0f %s', now, history))
  return {last_seq, 1, history}
end

-- Returns the text of an error that damaged keys are the reason of. Any other is everybody's.
local function explain_damage(error_of_one)
  local text = type(error_of_one) == 'table' and error_of_one.err or tostring(error_of_one)
  local code = string.match(text, '^(%u+) ')
  if code and code ~= 'WRONGTYPE' and code ~= 'ERR' then error(error_of_one, 0) end
  return text
end

local answers = {}
for number, prefix in ipairs(KEYS) do
  local user, device, more = ARGV[number * 3 - 2], ARGV[number * 3 - 1], ARGV[number * 3]
  local ask = device == '' and read_sessions or meet_device
  local is_answered, found = pcall(ask, prefix, user, more, device)
  answers[number] = is_answered and found or explain_damage(found)
end
return answers
