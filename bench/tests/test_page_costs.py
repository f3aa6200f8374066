"""How bench/admin_pages.py recognises a page that reads the whole table."""

import argparse
import uuid
from datetime import UTC, datetime
from typing import Any

from django.test import SimpleTestCase, TestCase

from bench.admin_pages import FEW, MANY, Line
from bench.page_worker import explain
from workouts.models import Athlete, WorkoutSession

OPTIONS = argparse.Namespace(sessions=1_000_000, max_ratio=3.0)


def seen(**more: Any) -> dict[str, Any]:
    return {"status": 200, "rows": 100, "queries": 8, "most_read": 5000, **more}


def line(
    few_ms: float,
    many_ms: float,
    few: dict[str, Any] | None = None,
    many: dict[str, Any] | None = None,
) -> Line:
    return Line(
        "sessions",
        "/",
        "coach",
        {FEW: few or seen(), MANY: many or seen()},
        {FEW: [few_ms], MANY: [many_ms]},
    )


class ExplainTests(TestCase):
    def setUp(self) -> None:
        Athlete.objects.create(user_id="ann")
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        WorkoutSession.objects.bulk_create(
            WorkoutSession(
                session_id=uuid.uuid4(),
                athlete_id="ann",
                exercise_id="squat" if number % 2 else "dip",
                total_reps=5,
                started_at=moment,
                finished_at=moment,
                created_at=moment,
                timeline_ms=[0] * 5,
            )
            for number in range(20)
        )

    def test_a_count_of_all_rows_reads_all_rows(self) -> None:
        assert explain("SELECT COUNT(*) FROM workout_sessions")["read"] == 20

    def test_rows_that_a_query_throws_away_count_as_read(self) -> None:
        assert (
            explain("SELECT COUNT(*) FROM workout_sessions WHERE distrusted_times > 9")["read"]
            == 20
        )
        assert (
            explain("SELECT COUNT(*) FROM (SELECT 1 FROM workout_sessions OFFSET 19 LIMIT 1) last")[
                "read"
            ]
            == 20
        )

    def test_a_capped_count_reads_no_more_rows_than_it_counts(self) -> None:
        assert (
            explain("SELECT COUNT(*) FROM (SELECT 1 FROM workout_sessions LIMIT 5) few")["read"]
            == 5
        )

    def test_a_join_reads_both_sides(self) -> None:
        sql = str(WorkoutSession.objects.select_related("athlete").order_by().query)
        assert explain(sql)["read"] > 20


class LineTests(SimpleTestCase):
    def test_a_page_that_does_not_grow_has_no_problem(self) -> None:
        assert line(10, 20).problems(line(10, 20).ratio(line(10, 20)), OPTIONS) == []

    def test_each_problem_is_named(self) -> None:
        bad = line(10, 40, many=seen(status=302, queries=13, most_read=250_001))
        assert bad.problems(bad.ratio(bad), OPTIONS) == [
            "answers [200, 302]",
            "13 queries",
            "4.0 x as long",
            "a query reads 250,001 rows",
        ]

    def test_a_page_with_more_rows_to_show_is_compared_with_a_full_list(self) -> None:
        full = line(50, 60)
        assert line(10, 75, few=seen(rows=5)).ratio(full) == 1.5
        assert line(10, 75).ratio(full) == 7.5
