"""What comes from outside and was once taken for something else: odd bodies, foreign databases, triggers, a killed Valkey."""

import os
import signal
import sqlite3
from contextlib import closing

import pytest
from django.db import connection
from django.test import SimpleTestCase, TestCase, TransactionTestCase

from workouts.live.runtime import get_store
from workouts.models import WorkoutSession
from workouts.services.sweeping import SweepResult, sweep_sealed
from workouts.tests.support.cast import new_athlete, save_session, seal, train
from workouts.tests.support.processes import (
    find_valkey_process,
    only_line,
    run_manage,
    send_rep,
    wait_until,
)
from workouts.tests.support.service import Service, fresh_folder

FINISH = "/workout/finish"


class BodyTests(TestCase):
    """A body that cannot be read must not finish the guest's workout."""

    def setUp(self) -> None:
        save_session("guest")

    def refuse(self, body: bytes, content_type: str) -> None:
        response = self.client.generic("POST", FINISH, body, content_type=content_type)
        assert response.status_code == 400, content_type
        assert response["Content-Type"] == "application/problem+json"

    def test_it_refuses_other_charsets(self) -> None:
        for charset in ("idna", "punycode", "utf-16", "utf-32", "nonsense"):
            self.refuse(b"user_id=a", f"application/x-www-form-urlencoded; charset={charset}")
            self.refuse(b"--x\r\n", f"multipart/form-data; boundary=x; charset={charset}")

    def test_it_refuses_a_form_without_a_field(self) -> None:
        self.refuse(b"%", "application/x-www-form-urlencoded")
        self.refuse(b"x", "multipart/form-data; boundary=x")

    def test_it_refuses_a_field_that_stands_twice(self) -> None:
        self.refuse(b"user_id=a&user_id=b", "application/x-www-form-urlencoded")

    def test_it_answers_a_wrong_method_at_the_root(self) -> None:
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            response = self.client.generic(method, "/")
            assert (response.status_code, response["Content-Type"], response["Allow"]) == (
                405,
                "application/problem+json",
                "GET, HEAD",
            )


@pytest.mark.slow
class ForeignDatabaseTests(SimpleTestCase):
    """Each of them is refused in one line, and not changed by a byte."""

    def refuse(self, *statements: str) -> None:
        path = fresh_folder() / "foreign.sqlite3"
        with closing(sqlite3.connect(path)) as database, database:
            for statement in statements:
                database.execute(statement)
        before = path.read_bytes()
        done = run_manage(
            "start", "--port", "0", SENIM_DATA=str(fresh_folder()), DATABASE_URL=f"sqlite:///{path}"
        )
        assert done.returncode == 1
        assert "workout_sessions of another program" in only_line(done.stderr)
        assert path.read_bytes() == before

    def test_it_is_one_with_a_view_of_our_name(self) -> None:
        self.refuse("CREATE TABLE t (id)", "CREATE VIEW workout_sessions AS SELECT id FROM t")

    def test_it_is_one_with_our_name_in_capitals(self) -> None:
        self.refuse("CREATE TABLE WORKOUT_SESSIONS (id)")

    def test_it_is_another_django_project_of_our_label(self) -> None:
        self.refuse(
            "CREATE TABLE django_migrations (id INTEGER PRIMARY KEY, app TEXT, name TEXT, applied DATETIME)",
            "INSERT INTO django_migrations VALUES (1, 'workouts', '0001_initial', '2020-01-01')",
            "CREATE TABLE workout_sessions (id INTEGER PRIMARY KEY, user_id TEXT, total_reps INTEGER)",
        )


class TriggerTests(TransactionTestCase):
    """A row that the database refuses in a way of its own."""

    serialized_rollback = True

    def test_it_does_not_hold_up_the_others(self) -> None:
        unlucky, lucky = new_athlete(), new_athlete()
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN IF NEW.user_id = '{unlucky}' THEN RAISE EXCEPTION 'not this one'; END IF; RETURN NEW; END $$"
            )
            cursor.execute(
                "CREATE TRIGGER refuse BEFORE INSERT ON workout_sessions FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
        try:
            for athlete in (unlucky, lucky):
                train(athlete)
                seal(athlete)
            names = {name.user_id: name for name in get_store().sealed_sessions()}
            result = SweepResult()
            sweep_sealed([names[unlucky], names[lucky]], result)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DROP FUNCTION refuse CASCADE")
        assert (result.saved, result.left) == (1, 1)
        assert WorkoutSession.objects.get().athlete_id == lucky


@pytest.mark.slow
class KilledValkeyTests(SimpleTestCase):
    def test_it_is_started_again_with_all_that_was_acknowledged(self) -> None:
        folder = fresh_folder()
        service = Service(SENIM_DATA=str(folder)).start()
        self.addCleanup(service.stop)
        athlete = new_athlete()
        assert send_rep(service, athlete)["count"] == 1
        os.kill(find_valkey_process(folder), signal.SIGKILL)
        wait_until(lambda: service.ask("GET", "/").status == 200)
        wait_until(lambda: send_rep(service, athlete).get("status") in ("counted", "debounced"))
        assert service.ask("POST", FINISH, {"user_id": athlete}).status == 200
