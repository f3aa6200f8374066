"""A finish while the database's disk is full is kept, explained in the log, and saved later."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from workouts.live.runtime import get_live_store
from workouts.models import WorkoutSession
from workouts.outages import DISK_FULL
from workouts.tests.support.cast import new_athlete, train
from workouts.tests.support.extra_databases import UsesExtraDatabases
from workouts.tests.support.log_lines import capture_unlimited_logs

REPS = 700  # their timeline needs more than what is left of a page


@contextmanager
def full_disk() -> Iterator[None]:
    """Have SQLite find no room for another page."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # migrations leave free pages behind
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages}")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA max_page_count = {2**30}")


class FullDiskTests(UsesExtraDatabases):
    def finish(self, user_id: str) -> int:
        answer = self.client.post("/workout/finish", {"user_id": user_id}, "application/json")
        return answer.status_code

    def sealed_of(self, user_id: str) -> list[str]:
        return [
            name.user_id for name in get_live_store().sealed_sessions() if name.user_id == user_id
        ]

    def test_the_session_stays_sealed_and_is_saved_once_there_is_room(self) -> None:
        user_id, database = new_athlete(), self.add_sqlite()
        database.migrate()
        train(user_id, REPS)
        with database.as_default():
            with full_disk(), capture_unlimited_logs() as logs:
                assert self.finish(user_id) == 503
            assert self.sealed_of(user_id) == [user_id]
            (line,) = (line for line in logs if line["event"] == "database_unavailable")
            assert (line["error"], line["reason"]) == ("database or disk is full", DISK_FULL)
            assert self.finish(user_id) == 200
            assert WorkoutSession.objects.get(athlete_id=user_id).total_reps == REPS
        assert self.sealed_of(user_id) == []
