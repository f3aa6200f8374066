-- Part of rep.lua: the mark of an athlete and exercise. It expires a day after the last rep.
-- "arrival newest debt sender plain numbers[|id number time pointer lag]...":
--   arrival  when the newest rep that was not late arrived
--   newest   the latest time of a counted rep
--   debt     how much of the pace was used up then, in ms (see gates.lua)
--   sender   the number of the device whose rep arrived then, 0 for a plain socket
--   plain    the time of the newest counted rep of a plain socket, or 0
--   numbers  how many devices have got a number
-- Then for each of the last devices, the newest first:
--   id, and its number, which its reps have in the lists
--   time     of its last rep that counted, or that another device had counted
--   pointer  the time of the newest rep of another device that stands for one of its own, or 0
--   lag      how far its times are behind those of other devices, in ms (see pairing.lua)
local MARK_TTL_MS, MAX_DEVICES, MAX_NUMBER = 86400000, 16, 63
local NEW_MARK = '0 0 0 0 0 0'

local function read_mark(text)
  local arrival, newest, debt, sender, plain, numbers, devices =
    string.match(text, '^(%d+) (%-?%d+) (%d+) (%d+) (%-?%d+) (%d+)(.*)$')
  return {arrival = tonumber(arrival), newest = tonumber(newest), debt = tonumber(debt),
    sender = tonumber(sender), plain = tonumber(plain), numbers = tonumber(numbers),
    devices = devices}
end

-- Returns what the mark says about a device. One that it does not know gets the next number.
local function find_device(mark, id)
  local _, found = string.find(mark.devices, '|' .. id .. ' ', 1, true)
  if found then
    local number, time, pointer, lag =
      string.match(mark.devices, '^(%d+) (%-?%d+) (%-?%d+) (%-?%d+)', found + 1)
    return {id = id, number = tonumber(number), time = tonumber(time), pointer = tonumber(pointer),
      lag = tonumber(lag)}
  end
  return {id = id, number = mark.numbers % MAX_NUMBER + 1, pointer = 0, lag = 0, is_new = true}
end

-- Put a device first in the mark. Of too many, the one that was idle longest is forgotten, with
-- the seq that the session has of it.
local function put_device_first(mark, own, session)
  local kept = {string.format('|%s %d %.0f %.0f %.0f', own.id, own.number, own.time, own.pointer,
    own.lag)}
  for other, rest in string.gmatch(mark.devices, '|(%S+) ([^|]+)') do
    if other ~= own.id then
      if #kept < MAX_DEVICES then
        kept[#kept + 1] = '|' .. other .. ' ' .. rest
      else
        redis.call('HDEL', session, 'seq:' .. other)
      end
    end
  end
  mark.devices = table.concat(kept)
  if own.is_new then mark.numbers = mark.numbers + 1 end
end

local function write_mark(key, mark)
  local text = string.format('%.0f %.0f %.0f %d %.0f %d%s', mark.arrival, mark.newest, mark.debt,
    mark.sender, mark.plain, mark.numbers, mark.devices)
  redis.call('SET', key, text, 'PX', MARK_TTL_MS)
end
