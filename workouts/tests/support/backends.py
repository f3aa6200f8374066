"""The same tests on each kind of Redis: one server, a Redis Cluster, and Redis Sentinel."""

import pytest
from django.test import SimpleTestCase, override_settings

from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.tests.support.redis_servers import shared_cluster
from workouts.tests.support.sentinels import shared_sentinels


class OnSingle(SimpleTestCase):
    """The run's own server."""

    @classmethod
    def find_url(cls) -> str | None:
        return None

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        url = cls.find_url()
        if url is not None:
            forget_store()
            cls.enterClassContext(override_settings(REDIS_URL=url))
            cls.addClassCleanup(forget_store)


@pytest.mark.slow
class OnCluster(OnSingle):
    """Three masters with a replica each."""

    @classmethod
    def find_url(cls) -> str:
        return shared_cluster().url


@pytest.mark.slow
class OnSentinel(OnSingle):
    """A master with two replicas, found through its Sentinels."""

    @classmethod
    def find_url(cls) -> str:
        return shared_sentinels().url


def forget_store() -> None:
    """Have the next call make a store and keys from the settings of that moment."""
    if get_live_store.cache_info().currsize:
        get_live_store().client.close()
    get_live_store.cache_clear()
    get_redis_key_space.cache_clear()
