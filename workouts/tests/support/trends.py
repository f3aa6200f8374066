"""An athlete's weeks of training, and the page that shows their trends."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine

from workouts.fairness.sets import SetRow
from workouts.models import WorkoutSession
from workouts.tests.support.cast import save_at
from workouts.tests.support.coach_cast import CoachCase

WEDNESDAY = datetime(2026, 11, 25, 10, tzinfo=UTC)  # Monday is the 23rd
SET = (12, 22_000, 0.1)
FIGURES = ("reps", "best_set", "tempo_s", "slow_down_percent")
Rows = dict[str, list[str]]


class TrendsCase(CoachCase):
    def setUp(self) -> None:
        travel = time_machine.travel(WEDNESDAY, tick=False)
        travel.start()
        self.addCleanup(travel.stop)
        super().setUp()
        self.trends_page = f"{self.athlete_page}trends/"

    def save(
        self, *sets: SetRow, user_id: str = "ana-1", weeks_ago: int = 0, **more: Any
    ) -> WorkoutSession:
        """Save a session of these sets on a Wednesday."""
        moment, reps = WEDNESDAY - timedelta(weeks=weeks_ago), sum(row[0] for row in sets)
        return save_at(moment, user_id=user_id, reps=reps, sets=sets, **more)

    def save_two_weeks(self, user_id: str = "ana-1") -> None:
        self.save(SET, user_id=user_id)
        self.save(SET, user_id=user_id, weeks_ago=1)

    def trends(self, **query: Any) -> dict[str, Any]:
        """Return the context of each chart, by figure."""
        response = self.client.get(self.trends_page, query)
        assert response.status_code == 200, response.get("Location")
        return {each["name"]: each for each in response.context["trends"]}

    def rows(self, page: str) -> dict[str, Rows]:
        """Return each table's cells by week, with the header's under ""."""
        tables = re.findall(r'<table class="session-sets">(.*?)</table>', page, re.DOTALL)
        return {
            figure: {
                week: cells
                for week, *cells in (
                    re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
                    for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
                )
            }
            for figure, table in zip(FIGURES, tables, strict=True)
        }
