"""The reference client of senim.v1: what a phone has to do so that no rep is lost and none counts twice.

It stands on its own, on msgspec and websockets, so the folder can be copied. All that was made stands in one log, in
order: reps, numbered by `seq`, and finishes. Frames go out in that order and a finish alone, so nothing overtakes a
finish whose answer was lost. What was acknowledged stays in the log until its finish is answered, and after each hello
all that is above the server's `last_seq` is sent again.
"""

from workouts.client.client import WorkoutClient
from workouts.client.connection import full_jitter
from workouts.client.frames import Finished, Frame, WorkoutClientError
from workouts.client.log import Rep

__all__ = ["Finished", "Frame", "Rep", "WorkoutClient", "WorkoutClientError", "full_jitter"]
