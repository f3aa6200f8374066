-- Part of rep.lua: the verdicts on a rep. verdicts.py gives the same numbers.
local COUNTED, DEBOUNCED, DUPLICATE, FORGOTTEN, PACE, SESSION_FULL, OTHER_DEVICE = 1, 2, 3, 4, 5, 6, 7
