"""Exports over HTTP, from a service of their own."""

import http.client

import pytest
from django.test import SimpleTestCase

from workouts.tests.support.coaches import Browser, make_team
from workouts.tests.support.exports import FILE, read_csv, read_xlsx
from workouts.tests.support.service import Service, fresh_folder, migrated_database
from workouts.tests.support.shell import run_shell

SAVE_MANY = """
from datetime import timedelta
from django.utils import timezone
from workouts.models import Athlete, WorkoutSession
import uuid
now = timezone.now()
def save(user_id, at, **more):
    WorkoutSession.objects.create(session_id=uuid.uuid4(), athlete_id=user_id,
        exercise_id="squat", total_reps=2, started_at=at, finished_at=at, created_at=at,
        timeline_ms=[0, 900], **more)
Athlete.objects.create(user_id="stranger")
for number in range(30):
    save("ana", now)
    save("stranger", now)
save("broken", now - timedelta(days=1), flags=[5])
"""


@pytest.mark.slow
class ServiceTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = Service(
            SENIM_DATA=str(fresh_folder()), DATABASE_URL=migrated_database()
        ).start()
        cls.addClassCleanup(cls.service.stop)
        make_team(cls.service, "aliya", "ana")
        make_team(cls.service, "berik", "broken")
        run_shell(cls.service, SAVE_MANY)

    def download(self, coach: str, query: str) -> bytes:
        browser = Browser(self.service).log_in(coach)
        url = f"{self.service.url}{FILE}?{query}"
        with browser.opener.open(url, timeout=20) as response:
            assert response.headers["Transfer-Encoding"] == "chunked"
            return bytes(response.read())

    def test_a_coach_gets_both_kinds_of_file(self) -> None:
        for kind in ("csv", "xlsx"):
            data = self.download("aliya", f"format={kind}&timeline=on")
            rows = read_csv(data) if kind == "csv" else read_xlsx(data)[0]
            assert len(rows) == 31
            assert {row[2] for row in rows[1:]} == {"ana"}
            assert {row[rows[0].index("timeline_ms")] for row in rows[1:]} == {"0 900"}

    def test_the_client_notices_that_a_file_is_incomplete(self) -> None:
        for query in ("format=csv", "format=xlsx"):
            with pytest.raises(http.client.IncompleteRead):
                self.download("berik", query)
        assert "export_failed" in self.service.output()
        assert self.service.ask("GET", "/").status == 200
