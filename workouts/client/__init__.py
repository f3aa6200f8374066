"""The reference client for senim.v1: what a phone does so that no rep is lost or counted twice.

It needs only msgspec and websockets, so the folder can be copied. Everything recorded is kept in
one journal, in order: reps, numbered by `seq`, and finishes. Frames are sent in that order, and a
finish is sent alone, so nothing overtakes a finish whose answer was lost. Acknowledged reps stay in
the journal until their finish is answered, and after every hello everything above the server's
`last_seq` is sent again.
"""

from workouts.client.client import WorkoutClient
from workouts.client.connection import jittered_reconnect_s
from workouts.client.frames import Finished, Frame, WorkoutClientError
from workouts.client.journal import Rep

__all__ = [
    "Finished",
    "Frame",
    "Rep",
    "WorkoutClient",
    "WorkoutClientError",
    "jittered_reconnect_s",
]
