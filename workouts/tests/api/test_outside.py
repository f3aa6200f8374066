"""A row that the database refuses, while others wait."""

from django.db import connection
from django.test import TransactionTestCase

from workouts.live.runtime import get_live_store
from workouts.models import WorkoutSession
from workouts.services.sweeping import SweepResult, sweep_sealed_sessions
from workouts.tests.support.cast import new_athlete, seal, train


class TriggerTests(TransactionTestCase):
    serialized_rollback = True

    def test_a_row_refused_by_a_trigger_does_not_hold_up_the_others(self) -> None:
        unlucky, lucky = new_athlete(), new_athlete()
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF NEW.user_id = '{unlucky}' THEN RAISE EXCEPTION 'not this one'; END IF; "
                "RETURN NEW; END $$"
            )
            cursor.execute(
                "CREATE TRIGGER refuse BEFORE INSERT ON workout_sessions "
                "FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
        try:
            for athlete in (unlucky, lucky):
                train(athlete)
                seal(athlete)
            names = {name.user_id: name for name in get_live_store().sealed_sessions()}
            result = SweepResult()
            sweep_sealed_sessions([names[unlucky], names[lucky]], result)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DROP FUNCTION refuse CASCADE")
        assert (result.saved, result.left) == (1, 1)
        assert WorkoutSession.objects.get().athlete_id == lucky
