"""Reads what else an athlete did within the day before a session, for its flags."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from workouts.fairness.evidence import EarlierSession
from workouts.fairness.pace_flags import MARATHON_PAUSE_MS
from workouts.fairness.two_bodies import TWO_BODIES_WITHIN_MS
from workouts.models import WorkoutSession

DAY = timedelta(days=1)
MAX_EARLIER_SESSIONS, MAX_EARLIER_REPS = 500, 20_000
MILLISECOND = timedelta(milliseconds=1)
# sessions that are farther apart than this have nothing to do with each other
NEIGHBOUR_GAP, TWO_BODIES_GAP = MARATHON_PAUSE_MS * MILLISECOND, TWO_BODIES_WITHIN_MS * MILLISECOND


class SavedSession(NamedTuple):
    """What is read of a session; the names are the columns'."""

    pk: int
    athlete_id: str
    exercise_id: str
    started_at: datetime
    finished_at: datetime
    total_reps: int
    timeline_ms: Any
    rep_devices: Any


class SessionDay(NamedTuple):
    """The sessions to judge one by, newest first, and the exercise's reps before it in 24 h.

    The sessions are at most 500, and their times at most 20,000 or those of a single session.
    """

    earlier: Sequence[EarlierSession] = ()
    reps_before: int = 0


NO_DAY = SessionDay()


def read_session_day(row: WorkoutSession) -> SessionDay:
    """Return the day of a session that is being saved. One query."""
    return describe_session_day(row, read_saved_sessions([row], most=MAX_EARLIER_SESSIONS))


def read_session_days(rows: Sequence[WorkoutSession]) -> dict[int, SessionDay]:
    """Return the days of saved sessions, each as it was when it was saved, by id. One query."""
    by_athlete: dict[str, list[SavedSession]] = defaultdict(list)
    # sessions of athletes who were forgotten have no reps, and may be much older than the others
    for saved in read_saved_sessions([row for row in rows if row.timeline_ms]):
        by_athlete[saved.athlete_id].append(saved)
    return {row.pk: describe_session_day(row, by_athlete[row.athlete_id]) for row in rows}


def read_saved_sessions(
    rows: Sequence[WorkoutSession], *, most: int | None = None
) -> list[SavedSession]:
    """Return the athletes' sessions from a day before the first of these on, newest first."""
    if not rows:
        return []
    saved = WorkoutSession.objects.filter(
        athlete_id__in={row.athlete_id for row in rows},
        started_at__gte=min(row.started_at for row in rows) - DAY,
        started_at__lte=max(row.finished_at for row in rows) + NEIGHBOUR_GAP,
    ).order_by("-started_at", "-pk")
    return [
        SavedSession._make(values) for values in saved.values_list(*SavedSession._fields)[:most]
    ]


def describe_session_day(row: WorkoutSession, saved: Iterable[SavedSession]) -> SessionDay:
    """Return the day of a session, from the athlete's sessions, newest first.

    Rejected ones count as well: what the devices did is the same whatever was decided.
    """
    day = [*islice((each for each in saved if is_in_session_day(row, each)), MAX_EARLIER_SESSIONS)]
    earlier, reps = [], 0
    for each in day:
        if reps and reps + each.total_reps > MAX_EARLIER_REPS:
            break
        reps += each.total_reps
        earlier.append(describe_earlier_session(row, each))
    since = row.finished_at - DAY
    return SessionDay(
        earlier,
        sum(
            each.total_reps
            for each in day
            if each.exercise_id == row.exercise_id and since <= each.started_at <= row.finished_at
        ),
    )


def is_in_session_day(row: WorkoutSession, other: SavedSession) -> bool:
    """Return whether a session is judged by another one.

    By those of its day that were saved before it, so that each is judged once its own reps are all
    there, and again in the same way. And by those of other exercises at the same time as it.
    """
    if not row.started_at - DAY <= other.started_at <= row.finished_at + NEIGHBOUR_GAP:
        return False
    if row.pk is None or other.pk < row.pk:
        return True
    return (
        other.exercise_id != row.exercise_id
        and other.started_at <= row.finished_at + TWO_BODIES_GAP
        and row.started_at <= other.finished_at + TWO_BODIES_GAP
    )


def describe_earlier_session(row: WorkoutSession, other: SavedSession) -> EarlierSession:
    """Return a session as evidence for another one. One that is unreadable has no times."""
    offset_ms = round((other.started_at - row.started_at) / MILLISECOND)
    try:
        times_ms = [offset_ms + time for time in other.timeline_ms]
    except TypeError:
        times_ms = []
    return EarlierSession(other.pk, other.exercise_id, times_ms, other.rep_devices)
