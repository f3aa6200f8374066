"""Keys of one test alone, and sealed sessions that the database refuses."""

import uuid

from django.test import SimpleTestCase
from django.test.utils import override_settings

from workouts.live.keys import SealedKeys
from workouts.live.runtime import get_key_space, get_store
from workouts.live.store import SessionName
from workouts.tests.support.cast import new_athlete

SPOILT = "refused:\0"


def sealed_keys(name: SessionName) -> SealedKeys:
    keys = get_key_space()
    return keys.sealed(keys.live(name.user_id, name.exercise_type), name.session_id)


def spoil_sealed(name: SessionName) -> None:
    """Give a sealed session what the database refuses."""
    get_store().client.hset(sealed_keys(name).session, SPOILT, 1)


def mend_sealed(name: SessionName) -> None:
    get_store().client.hdel(sealed_keys(name).session, SPOILT)


def forget_store() -> None:
    get_store.cache_clear()
    get_key_space.cache_clear()


class OwnRedis(SimpleTestCase):
    """Keys that no other test has, so that a sweep finds nothing else; or no Redis at all."""

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
