"""An athlete's day: several sessions, each saved as a finish saves it."""

import uuid
from collections.abc import Iterable
from typing import Any

from workouts.events.messages import NOBODY
from workouts.live.sessions import SealedSession, SessionName
from workouts.live.timeline import CountedRep
from workouts.models import WorkoutSession
from workouts.services.rows import build_finished_row
from workouts.services.saving import save_sealed_session
from workouts.services.saving_together import Unsaved
from workouts.tests.support.cast import STARTED_MS

EVEN = range(0, 60_000, 2000)
UNEVEN = [0, 2310, 4100, 6550, 8420, 10_700, 12_540, 15_020]


def make_sealed(user_id: str, times_ms: Iterable[int], *, exercise: str = "squat") -> SealedSession:
    """Return a sealed session of reps at these ms after STARTED_MS."""
    name = SessionName(user_id, exercise, str(uuid.uuid4()))
    return SealedSession(name, [CountedRep(STARTED_MS + time, 0, False) for time in times_ms])


def make_unsaved(user_id: str, *, reps: Iterable[int] = UNEVEN, **more: Any) -> Unsaved:
    """Return a sealed session, ready to be saved with others."""
    sealed = make_sealed(user_id, reps, **more)
    return Unsaved(sealed, build_finished_row(sealed, user_id), NOBODY)


def finish_at(user_id: str, times_ms: Iterable[int], *, exercise: str = "squat") -> WorkoutSession:
    return save_sealed_session(make_sealed(user_id, times_ms, exercise=exercise))


def flag_names(row: WorkoutSession) -> list[str]:
    """Return the names of a session's flags as they are saved now."""
    return [flag["flag"] for flag in WorkoutSession.objects.get(pk=row.pk).flags]


def in_parts(times_ms: list[int], reps: int) -> list[list[int]]:
    return [times_ms[start : start + reps] for start in range(0, len(times_ms), reps)]
