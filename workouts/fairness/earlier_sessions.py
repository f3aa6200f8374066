"""Reads what else an athlete did within a day of a session, for its flags."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from django.db import connection

from workouts.fairness.evidence import EarlierSession, KnownPace
from workouts.fairness.two_bodies import TWO_BODIES_WITHIN_MS
from workouts.models import WorkoutSession

DAY, MILLISECOND = timedelta(days=1), timedelta(milliseconds=1)
TWO_BODIES_GAP = TWO_BODIES_WITHIN_MS * MILLISECOND
MAX_EARLIER_SESSIONS, MAX_EARLIER_REPS = 500, 20_000
HISTORY = timedelta(days=90)
# In SQL and with the records, since every finish takes it: queries through models take so much
# longer that a finish would be a tenth dearer. Of other exercises, only sessions at the same time
# matter. Sessions that are saved together are read together, each with its number.
READ_DAY = """
    SELECT * FROM (
        SELECT {number} AS number, record_per_minute, record_per_hour, record_per_30_s,
            record_per_day, {best}, session.id, exercise_type, started_at, finished_at, total_reps,
            timeline_ms, rep_devices
        FROM workouts_exercise
        LEFT JOIN workout_sessions session ON user_id = %s AND started_at BETWEEN %s AND %s
            AND (exercise_type = slug OR finished_at >= %s)
        WHERE slug = %s ORDER BY started_at DESC, session.id DESC LIMIT %s
    ) AS day_{number}
"""
# the athlete's own pace is known if they trained for a minute
NO_BEST = "CAST(NULL AS INTEGER)"
READ_BEST = """(
    SELECT MAX(best_minute) FROM workout_sessions
    WHERE user_id = %s AND exercise_type = slug AND finished_at BETWEEN %s AND %s AND is_in_totals
)"""


class SavedSession(NamedTuple):
    """What is read of a session; the names are the columns'."""

    pk: int
    exercise_id: str
    started_at: datetime
    finished_at: datetime
    total_reps: int
    timeline_ms: Any
    rep_devices: Any


class SessionDay(NamedTuple):
    """The sessions to judge one by, newest first, and the exercise's other reps in 24 h.

    The sessions are at most 500, and their times at most 20,000 or those of a single session.
    """

    earlier: Sequence[EarlierSession] = ()
    other_reps: int = 0


NO_DAY = SessionDay()


def read_new_session_days(
    rows: Sequence[WorkoutSession],
) -> list[tuple[KnownPace, SessionDay]]:
    """Return the known paces and the days of sessions that are being saved. One query.

    They are of different athletes, or it is just one. Raises LookupError for an unknown exercise.
    """
    texts, values = [], []
    for number, row in enumerate(rows):
        best, of_best = build_best_query(row)
        texts.append(READ_DAY.format(number=number, best=best))
        values += [*of_best, *list_day_values(row)]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(texts), values)
        found = cursor.fetchall()
    by_number: dict[int, list[Any]] = defaultdict(list)
    for number, *columns in found:
        by_number[number].append(columns)
    return [build_new_session_day(row, by_number[number]) for number, row in enumerate(rows)]


def build_best_query(row: WorkoutSession) -> tuple[str, list[Any]]:
    """Return the SQL of the athlete's best minute in the 90 days before a session, and its values.

    None is asked for if the session itself has none to compare.
    """
    if row.best_minute is None:
        return NO_BEST, []
    return READ_BEST, [row.athlete_id, *adapt_times(row.started_at - HISTORY, row.started_at)]


def list_day_values(row: WorkoutSession) -> list[Any]:
    times = (row.started_at - DAY, row.finished_at + DAY, row.started_at - TWO_BODIES_GAP)
    return [row.athlete_id, *adapt_times(*times), row.exercise_id, MAX_EARLIER_SESSIONS]


def adapt_times(*times: datetime) -> list[Any]:
    return [*map(connection.ops.adapt_datetimefield_value, times)]


def build_new_session_day(
    row: WorkoutSession, found: Sequence[Any]
) -> tuple[KnownPace, SessionDay]:
    per_minute, per_hour, per_30_s, per_day, best, newest, *_ = found[0]
    pace = KnownPace(per_minute, per_hour, best, per_30_s, per_day)
    saved = [convert_saved_session(*columns) for _, _, _, _, _, *columns in found] if newest else []
    # again, since the days' order within one answer is the database's to choose
    saved.sort(key=lambda each: (each.started_at, each.pk), reverse=True)
    return pace, describe_session_day(row, saved)


def convert_saved_session(
    pk: int,
    exercise_id: str,
    started_at: datetime,
    finished_at: datetime,
    total_reps: int,
    *texts: str,
) -> SavedSession:
    """Return a session from its columns as the database gives them; SQLite's times lack UTC."""
    if started_at.tzinfo is None:
        started_at, finished_at = (time.replace(tzinfo=UTC) for time in (started_at, finished_at))
    return SavedSession(
        pk, exercise_id, started_at, finished_at, total_reps, *map(msgspec.json.decode, texts)
    )


def read_session_days(rows: Sequence[WorkoutSession]) -> dict[int, SessionDay]:
    """Return the days of saved sessions, each as it was when it was saved, by id. One query."""
    # sessions of athletes who were forgotten have no reps, and may be much older than the others
    judged = [row for row in rows if row.timeline_ms]
    by_athlete: dict[str, list[SavedSession]] = defaultdict(list)
    if judged:
        saved = WorkoutSession.objects.filter(
            athlete_id__in={row.athlete_id for row in judged},
            started_at__gte=min(row.started_at for row in judged) - DAY,
            started_at__lte=max(row.finished_at for row in judged) + DAY,
        ).order_by("-started_at", "-pk")
        for athlete_id, *columns in saved.values_list("athlete_id", *SavedSession._fields):
            by_athlete[athlete_id].append(SavedSession(*columns))
    return {
        row.pk: describe_session_day(
            row, [each for each in by_athlete[row.athlete_id] if is_in_session_day(row, each)]
        )
        for row in rows
    }


def describe_session_day(row: WorkoutSession, saved: Sequence[SavedSession]) -> SessionDay:
    """Return the day of a session, from the sessions to judge it by, newest first.

    Rejected ones count as well: what the devices did is the same whatever was decided.
    """
    day, earlier, reps = saved[:MAX_EARLIER_SESSIONS], [], 0
    for each in day:
        if reps and reps + each.total_reps > MAX_EARLIER_REPS:
            break
        reps += each.total_reps
        earlier.append(describe_earlier_session(row, each))
    return SessionDay(earlier, count_other_reps_in_day(row, day))


def count_other_reps_in_day(row: WorkoutSession, day: Sequence[SavedSession]) -> int:
    """Return the most reps of the exercise in 24 h that the session is part of, without its own.

    The 24 h end with its last rep, or as one begins that is later but was saved before it.
    """
    same = [each for each in day if each.exercise_id == row.exercise_id]
    ends = {each.started_at for each in same if row.finished_at < each.started_at}
    return max(
        sum(each.total_reps for each in same if end - DAY <= each.started_at <= end)
        for end in (row.finished_at, *ends)
        if end - DAY <= row.started_at or end == row.finished_at
    )


def is_in_session_day(row: WorkoutSession, other: SavedSession) -> bool:
    """Return whether a saved session was judged by another one of the athlete's.

    Those that were saved before it, when it was saved; those of other exercises at the same time as
    it also when they were saved themselves.
    """
    if not row.started_at - DAY <= other.started_at <= row.finished_at + DAY:
        return False
    if other.exercise_id == row.exercise_id:
        return other.pk < row.pk
    return (
        other.started_at <= row.finished_at + TWO_BODIES_GAP
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
