"""Redis keys of a test's own, and sealed sessions that the database refuses."""

import uuid
from decimal import Decimal

from django.test import SimpleTestCase
from django.test.utils import override_settings

from workouts.live.keys import SealedKeys
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.live.sessions import SessionName
from workouts.models import WorkoutSession
from workouts.services.finishing import finish_workout
from workouts.tests.support.backends import forget_store
from workouts.tests.support.cast import new_athlete

SPOILT = "refused:\0"  # PostgreSQL takes no NUL, in JSON neither


def finish(user_id: str, *, load_kg: Decimal | None = None) -> WorkoutSession:
    return finish_workout(user_id=user_id, exercise_type="squat", load_kg=load_kg)


def rows_of(user_id: str) -> list[int]:
    """Return the counts of the athlete's rows in the order they were saved."""
    rows = WorkoutSession.objects.filter(athlete_id=user_id).order_by("id")
    return list(rows.values_list("total_reps", flat=True))


def sealed_ids() -> set[str]:
    return {name.session_id for name in get_live_store().sealed_sessions()}


def parked_reasons() -> dict[SessionName, str]:
    return {parked.name: parked.reason for parked in get_live_store().parked_sessions()}


def sealed_keys(name: SessionName) -> SealedKeys:
    keys = get_redis_key_space()
    return keys.sealed(keys.live(name.user_id, name.exercise_type), name.session_id)


def spoil_sealed(name: SessionName) -> None:
    """Make a sealed session one that the database refuses."""
    get_live_store().client.hset(sealed_keys(name).session, SPOILT, 1)


def mend_sealed(name: SessionName) -> None:
    get_live_store().client.hdel(sealed_keys(name).session, SPOILT)


class OwnRedis(SimpleTestCase):
    """Has a key prefix of its own, so that a sweep finds nothing else; or no Redis at all."""

    databases = {"default"}
    redis_settings: dict[str, str] = {}

    def setUp(self) -> None:
        super().setUp()
        self.user_id = new_athlete()
        self.addCleanup(forget_store)
        own = override_settings(
            SENIM_REDIS_PREFIX=f"test-{uuid.uuid4().hex[:8]}", **self.redis_settings
        )
        own.enable()
        self.addCleanup(own.disable)
        forget_store()
