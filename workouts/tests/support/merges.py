"""Two athletes who are one person."""

import uuid
from typing import Any

from django.test import TestCase

from workouts.live.sessions import SealedSession, SessionName
from workouts.live.timeline import CountedRep
from workouts.models import Athlete, WorkoutSession
from workouts.services.merging import merge_athletes
from workouts.tests.support.cast import STARTED_MS, new_athlete, save_session


def merge(kept: str, merged: str) -> Any:
    """Merge by user IDs."""
    kept_id, merged_id = (Athlete.objects.get(user_id=user_id).pk for user_id in (kept, merged))
    return merge_athletes(kept_id=kept_id, merged_id=merged_id)


def seal(user_id: str, *, reps: int = 3, **more: Any) -> SealedSession:
    """Return a sealed session as Redis returns it."""
    name = SessionName(user_id, "squat", str(uuid.uuid4()))
    return SealedSession(
        name, [CountedRep(STARTED_MS + 2000 * index, 0, False) for index in range(reps)], **more
    )


class MergingCase(TestCase):
    def setUp(self) -> None:
        self.kept, self.old = new_athlete(), new_athlete()
        self.row, self.moved = save_session(self.kept), save_session(self.old, days_ago=2)

    def get(self, user_id: str) -> Athlete:
        return Athlete.objects.get(user_id=user_id)

    def owners(self) -> set[str]:
        return set(WorkoutSession.objects.values_list("athlete_id", flat=True))
