-- Part of rep.lua: the mark of an athlete and exercise. It expires a day after the last rep.
-- "arrival debt[ newest sender plain numbers[|id number time pointer lag]...]":
--   arrival  when the newest rep that was not late arrived
--   debt     how much of the pace was used up then, in ms (see gates.lua)
-- and, once a device has sent something:
--   newest   the latest time of a counted rep
--   sender   the number of the device whose rep arrived last, 0 for a plain socket
--   plain    the time of the newest counted rep of a plain socket, or 0
--   numbers  how many devices have got a number
-- Then for each of the last devices, the newest first:
--   id, and its number, which its reps have in the lists
--   time     of its last rep that counted, or that another device had counted
--   pointer  the time of the newest rep of another device that stands for one of its own, or 0
--   lag      how far its times are behind those of other devices, in ms (see pairing.lua)
local MARK_TTL_MS, MAX_DEVICES, MAX_NUMBER = 86400000, 16, 63

-- Returns the text of the mark; one that is damaged says nothing, and is soon written anew.
local function get_mark(key)
  local text = redis.pcall('GET', key)
  return type(text) == 'string' and text or ''
end

-- Returns the mark of an athlete whose devices have sent something, or will now.
local function read_mark(text)
  local arrival, debt, newest, sender, plain, numbers, devices =
    string.match(text, '^(%d+) (%d+) (%-?%d+) (%d+) (%-?%d+) (%d+)(.*)$')
  if not arrival then
    arrival, debt = string.match(text, '^(%d+) (%d+)$')
    arrival, debt = arrival or 0, debt or 0
    newest, sender, plain, numbers, devices = arrival, 0, arrival, 0, ''
  end
  return {arrival = tonumber(arrival), debt = tonumber(debt), newest = tonumber(newest),
    sender = tonumber(sender), plain = tonumber(plain), numbers = tonumber(numbers),
    devices = devices}
end

-- Returns what the mark says about a device. One that it does not know gets the next number.
local function find_device(mark, id)
  local number, time, pointer, lag, others
  local first, last = string.find(mark.devices, '|' .. id .. ' ', 1, true)
  if first then
    number, time, pointer, lag, others =
      string.match(mark.devices, '^(%d+) (%-?%d+) (%-?%d+) (%-?%d+)(.*)$', last + 1)
    return {id = id, number = tonumber(number), time = tonumber(time), pointer = tonumber(pointer),
      lag = tonumber(lag), others = string.sub(mark.devices, 1, first - 1) .. others}
  end
  mark.numbers = mark.numbers + 1
  return {id = id, number = (mark.numbers - 1) % MAX_NUMBER + 1, pointer = 0, lag = 0,
    others = mark.devices, is_new = true}
end

-- Returns the other devices without those that were idle longest, if there are too many with this
-- one. The session keeps the seq of a device that is forgotten apart, for when it is saved.
local function forget_idle_devices(others, session)
  local kept = {}
  for id, rest in string.gmatch(others, '|(%S+) ([^|]+)') do
    if #kept < MAX_DEVICES - 1 then
      kept[#kept + 1] = '|' .. id .. ' ' .. rest
    else
      local seq = redis.call('HGET', session, 'seq:' .. id)
      if seq then
        redis.call('HSET', session, 'former-seq:' .. id, seq)
        redis.call('HDEL', session, 'seq:' .. id)
      end
    end
  end
  return table.concat(kept)
end

-- Write the mark with a device as the newest.
local function write_mark(key, session, mark, own)
  if own.is_new then own.others = forget_idle_devices(own.others, session) end
  own.is_new = false
  local text = string.format('%.0f %.0f %.0f %d %.0f %d|%s %d %.0f %.0f %.0f%s', mark.arrival,
    mark.debt, mark.newest, mark.sender, mark.plain, mark.numbers, own.id, own.number, own.time,
    own.pointer, own.lag, own.others)
  redis.call('SET', key, text, 'PX', MARK_TTL_MS)
end

-- Write the mark behind a plain rep; rest is what it says of devices.
local function write_plain_mark(key, now, debt, rest)
  local text = string.format('%d %d', now, debt)
  if rest ~= '' then
    local newest, devices = string.match(rest, '^ (%-?%d+) %d+ %-?%d+( .*)$')
    if is_set_back(tonumber(newest), now) then newest = now end
    text = string.format('%s %.0f 0 %.0f%s', text, math.max(newest, now), now, devices)
  end
  redis.call('SET', key, text, 'PX', MARK_TTL_MS)
end
