"""What rep.lua decides about a rep. verdicts.lua gives the same numbers."""

from enum import IntEnum
from typing import Any


class Verdict(IntEnum):
    COUNTED = 1
    DEBOUNCED = 2  # too soon after the last rep that counted
    DUPLICATE = 3  # its seq was settled before
    FORGOTTEN = 4  # a failover lost seqs that the device's socket knows to be settled
    PACE = 5  # over the ceiling of reps a minute
    SESSION_FULL = 6
    OTHER_DEVICE = 7  # another device of the athlete has counted this rep


# (verdict, running count, ms until a rep can count), and for a rep with a stamp the id of the live
# session in bytes. A plain tuple of plain numbers: a busy process makes tens of thousands a second.
RepResult = tuple[Any, ...]

# for the hot path: looking a member up in its class takes five times as long as comparing with it
COUNTED, DEBOUNCED, DUPLICATE, FORGOTTEN, PACE, SESSION_FULL, OTHER_DEVICE = Verdict
