"""What is read of an athlete's day, and that it is the same again later."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from workouts.clock import datetime_from_ms
from workouts.fairness.earlier_sessions import (
    MAX_EARLIER_REPS,
    MAX_EARLIER_SESSIONS,
    SessionDay,
    read_new_session_days,
    read_session_days,
)
from workouts.models import ReviewStatus, WorkoutSession
from workouts.tests.support.cast import STARTED_MS, new_athlete, save_session

NOON = datetime_from_ms(STARTED_MS)
HOUR_S = 3600


class DayCase(TestCase):
    def setUp(self) -> None:
        self.athlete = new_athlete()

    def save(self, start_s: float, times_ms: tuple[int, ...] = (0, 2000), **more: Any) -> int:
        """Save a session so many seconds after noon."""
        row = save_session(more.pop("user_id", self.athlete), times_ms=times_ms, **more)
        started = NOON + timedelta(seconds=start_s)
        finished = started + timedelta(milliseconds=max(times_ms))
        WorkoutSession.objects.filter(pk=row.pk).update(started_at=started, finished_at=finished)
        return row.pk

    def unsaved(self, times_ms: tuple[int, ...] = (0, 2000)) -> WorkoutSession:
        """Return a session of squats that begins at noon."""
        return WorkoutSession(
            athlete_id=self.athlete,
            exercise_id="squat",
            started_at=NOON,
            finished_at=NOON + timedelta(milliseconds=max(times_ms)),
            timeline_ms=[*times_ms],
        )

    def read(self) -> SessionDay:
        ((_pace, day),) = read_new_session_days([self.unsaved()])
        return day


def hourly(row: WorkoutSession, number: int) -> Iterator[WorkoutSession]:
    """Yield so many copies of a session, one for each hour before noon."""
    for hour in range(number):
        started = NOON - timedelta(hours=hour)
        yield WorkoutSession(
            session_id=uuid.uuid4(),
            athlete_id=row.athlete_id,
            exercise_id=row.exercise_id,
            total_reps=row.total_reps,
            started_at=started,
            finished_at=started + timedelta(seconds=8),
            timeline_ms=row.timeline_ms,
        )


class ReadTests(DayCase):
    def test_it_is_the_24_hours_before_newest_first_in_times_of_the_session(self) -> None:
        self.save(-25 * HOUR_S)
        old, new = self.save(-24 * HOUR_S), self.save(-10, (0, 3000), rep_devices=[2, 1])
        self.save(25 * HOUR_S)
        self.save(-10, user_id=new_athlete())
        day = self.read()
        assert [each.pk for each in day.earlier] == [new, old]
        newest = day.earlier[0]
        assert (newest.exercise, newest.times_ms) == ("squat", [-10_000, -7000])
        assert newest.devices == [2, 1]

    def test_the_days_of_several_athletes_are_read_in_one_query(self) -> None:
        others = [new_athlete() for _ in range(3)]
        mine = [self.save(-20), self.save(-10)]
        theirs = [[self.save(-30, user_id=user_id)] for user_id in others[:2]]
        rows = [self.unsaved()]
        for user_id in others:
            rows.append(self.unsaved((0, 60_000)))
            rows[-1].athlete_id, rows[-1].best_minute = user_id, 40
        self.save(-9 * 24 * HOUR_S, user_id=others[0], best_minute=33)
        with self.assertNumQueries(1):
            days = read_new_session_days(rows)
        assert [[each.pk for each in day.earlier] for _, day in days] == [mine[::-1], *theirs, []]
        assert [day.other_reps for _, day in days] == [4, 2, 2, 0]
        assert [pace.personal_per_minute for pace, _ in days] == [None, 33, None, None]
        assert len({pace.record_per_minute for pace, _ in days}) == 1

    def test_it_has_what_was_made_up_to_24_hours_later_but_saved_before(self) -> None:
        later = self.save(23 * HOUR_S)
        assert [each.pk for each in self.read().earlier] == [later]

    def test_the_day_is_that_before_the_last_rep_and_of_the_exercise(self) -> None:
        self.save(-24 * HOUR_S)  # begins 2 s too early
        self.save(-24 * HOUR_S + 3)
        self.save(-60, exercise="lunge")
        self.save(-30)
        assert self.read().other_reps == 4

    def test_a_rejected_session_counts_as_well(self) -> None:
        self.save(-10, review_status=ReviewStatus.REJECTED, is_in_totals=False)
        day = self.read()
        assert (len(day.earlier), day.other_reps) == (1, 2)

    def test_an_unreadable_session_has_no_times(self) -> None:
        pk = self.save(-10)
        for timeline in (["soon"], {}, 7):
            WorkoutSession.objects.filter(pk=pk).update(timeline_ms=timeline)
            (earlier,) = self.read().earlier
            assert earlier.times_ms == []

    def test_it_is_one_query_that_uses_the_index_of_the_athlete(self) -> None:
        for athlete in (self.athlete, *(new_athlete() for _ in range(20))):
            WorkoutSession.objects.bulk_create(hourly(save_session(athlete), 100))
        with CaptureQueriesContext(connection) as queries:
            self.read()
        (query,) = queries.captured_queries
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE workout_sessions")
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {query['sql']}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert "session_of_athlete" in plan


class BoundTests(DayCase):
    def test_it_reads_at_most_500_sessions(self) -> None:
        with CaptureQueriesContext(connection) as queries:
            self.read()
        assert f"LIMIT {MAX_EARLIER_SESSIONS}" in queries.captured_queries[0]["sql"]

    def test_it_judges_by_at_most_20_000_reps_but_counts_all_of_the_day(self) -> None:
        many = tuple(range(MAX_EARLIER_REPS // 2 + 1))
        newest = self.save(-100, many)
        for start_s in (-200, -300):
            self.save(start_s, many)
        day = self.read()
        assert [each.pk for each in day.earlier] == [newest]
        assert day.other_reps == 3 * len(many)

    def test_the_newest_session_is_looked_at_however_long_it_is(self) -> None:
        self.save(-100, tuple(range(MAX_EARLIER_REPS + 1)))
        assert len(self.read().earlier) == 1


class AgainTests(DayCase):
    def test_a_saved_session_is_judged_by_what_was_saved_before_it(self) -> None:
        first, second, third = (self.save(start_s) for start_s in (-20, -10, 0))
        rows = WorkoutSession.objects.all()
        days = read_session_days(rows)
        assert {pk: [each.pk for each in day.earlier] for pk, day in days.items()} == {
            first: [],
            second: [first],
            third: [second, first],
        }

    def test_other_exercises_at_the_same_time_count_whenever_they_were_saved(self) -> None:
        squats = self.save(0, (0, 20_000))
        beside = self.save(10, (0, 20_000), exercise="lunge")
        self.save(60, exercise="lunge")
        days = read_session_days(WorkoutSession.objects.filter(pk=squats))
        assert [each.pk for each in days[squats].earlier] == [beside]

    def test_any_number_of_sessions_takes_one_query(self) -> None:
        for number in range(9):
            self.save(number, user_id=self.athlete if number % 2 else new_athlete())
        rows = [*WorkoutSession.objects.all()]
        with self.assertNumQueries(1):
            read_session_days(rows)
        with self.assertNumQueries(0):
            assert read_session_days([]) == {}
