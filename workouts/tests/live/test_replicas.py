"""A seal waits for as many replicas as it must, and the gaps a failover could use are named."""

import time
from typing import Any

from django.conf import settings
from django.test import SimpleTestCase, override_settings
from redis.exceptions import NoPermissionError, ResponseError

from senim.embedded.valkey import EmbeddedValkey
from workouts.live.clients import connect_to_redis
from workouts.live.replicas import (
    MIN_REPLICAS,
    WAIT_AOF_MS,
    WAIT_MS,
    cannot_wait_for_redis_replicas,
)
from workouts.live.runtime import get_live_store
from workouts.live.store import LiveStore
from workouts.tests.support.backends import OnCluster, OnSentinel, OnSingle
from workouts.tests.support.cast import new_athlete, train
from workouts.tests.support.log_lines import capture_unlimited_logs
from workouts.tests.support.redis_servers import Fleet, shared_cluster
from workouts.tests.support.run import fresh_folder
from workouts.tests.support.sentinels import shared_sentinels

CUT_OFF = (
    "Redis has replicas and min-replicas-to-write 0: a master cut off from them goes on counting, "
    "and a failover loses those reps"
)


def count_waits(fleet: Fleet) -> int:
    """Return how often the masters were asked to wait for disks."""
    return sum(
        node.client.info("commandstats").get("cmdstat_waitaof", {"calls": 0})["calls"]
        for node in fleet.masters()
    )


class WaitSuite:
    """Runs on servers with replicas, and sets how many of them a write requires."""

    fleet: Any
    replicas: int

    def setUp(self) -> None:
        self.athlete = new_athlete()
        self.store = LiveStore(connect_to_redis(settings.REDIS_URL), settings.SENIM_REDIS_PREFIX)
        self.addCleanup(self.store.client.close)

    def want(self, replicas: int) -> None:
        for node in self.fleet.nodes:
            node.client.config_set(MIN_REPLICAS, replicas)
        if replicas:
            self.addCleanup(self.want, 0)

    def test_a_seal_waits_for_the_replicas(self) -> None:
        self.want(self.replicas)
        train(self.athlete)
        before = count_waits(self.fleet)
        self.store.client.script_flush()
        with capture_unlimited_logs() as logs:
            began = time.monotonic()
            assert len(self.store.seal(self.athlete, "squat")) == 1
            assert (
                time.monotonic() - began < 0.6
            )  # not the second after which a replica acknowledges by itself
        assert logs == []
        assert count_waits(self.fleet) > before

    def test_a_seal_returns_the_same_ids_while_replicas_hang(self) -> None:
        self.want(self.replicas)
        train(self.athlete)
        for node in self.fleet.nodes:
            if node.follows():
                node.hang()
                self.addCleanup(node.wake)
        with capture_unlimited_logs() as logs:
            began = time.monotonic()
            (session_id,) = self.store.seal(self.athlete, "squat")
            assert time.monotonic() - began < (WAIT_MS + WAIT_AOF_MS) / 1000 + 0.5
        assert [line["event"] for line in logs] == ["seal_not_replicated"]
        self.doCleanups()
        assert get_live_store().seal(self.athlete, "squat") == [session_id]

    def test_a_seal_does_not_wait_if_the_server_cannot(self) -> None:
        self.want(self.replicas)
        athletes = [new_athlete() for _ in range(4)]
        for athlete in athletes:
            train(athlete)
        for node in self.fleet.nodes:
            node.client.acl_setuser("default", enabled=True, commands=["-waitaof"])
            self.addCleanup(node.client.acl_setuser, "default", enabled=True, commands=["+@all"])
        with capture_unlimited_logs() as logs:
            assert all(len(self.store.seal(athlete, "squat")) == 1 for athlete in athletes)
        assert {line["event"] for line in logs} == {"replica_wait_failed"}
        assert len(logs) <= len(self.fleet.masters())

    def test_it_names_replicas_that_no_write_requires(self) -> None:
        self.want(0)
        assert self.store.durability_gaps() == [CUT_OFF]
        self.want(1)
        assert self.store.durability_gaps() == []

    def test_it_names_a_setting_that_is_wrong_on_one_master(self) -> None:
        self.want(1)
        node = self.fleet.masters()[-1]
        node.client.config_set("appendfsync", "everysec")
        self.addCleanup(node.client.config_set, "appendfsync", "always")
        assert self.store.durability_gaps() == ["Redis has appendfsync everysec, not always"]


class WaitClusterTests(WaitSuite, OnCluster):
    replicas = 1

    def setUp(self) -> None:
        self.fleet = shared_cluster()
        super().setUp()


class WaitSentinelTests(WaitSuite, OnSentinel):
    replicas = 2

    def setUp(self) -> None:
        self.fleet = shared_sentinels()
        super().setUp()


class CannotWaitTests(SimpleTestCase):
    def test_after_a_wait_that_a_change_of_roles_ended_it_waits_again(
        self,
    ) -> None:
        assert not cannot_wait_for_redis_replicas(
            ResponseError("UNBLOCKED force unblock from blocking operation, instance state changed")
        )

    def test_it_never_waits_again_without_waitaof_or_the_permission_for_it(self) -> None:
        assert cannot_wait_for_redis_replicas(
            ResponseError("unknown command 'WAITAOF', with args beginning with: '1' ")
        )
        assert cannot_wait_for_redis_replicas(
            NoPermissionError("this user has no permissions to run the 'waitaof' command")
        )


class NoReplicaTests(OnSingle):
    def test_without_replicas_a_seal_sends_no_further_commands(self) -> None:
        # a server of its own: on the shared one, other tests send commands at the same time
        folder = fresh_folder()
        server = EmbeddedValkey(folder / "valkey", folder / "valkey.sock")
        server.start()
        self.addCleanup(server.stop)
        self.enterContext(override_settings(REDIS_URL=f"unix://{server.socket}"))
        athletes = [new_athlete() for _ in range(5)]
        for athlete in athletes:
            train(athlete)
        store = LiveStore(connect_to_redis(settings.REDIS_URL), settings.SENIM_REDIS_PREFIX)
        self.addCleanup(store.client.close)
        store.seal(athletes[0], "squat")
        before = store.client.info("stats")["total_commands_processed"]
        for athlete in athletes[1:]:
            store.seal(athlete, "squat")
        calls = store.client.info("stats")["total_commands_processed"] - before
        commands_in_seal = 25
        assert calls <= 4 * commands_in_seal
        assert "cmdstat_waitaof" not in store.client.info("commandstats")

    def test_the_servers_of_these_tests_have_no_gap(self) -> None:
        assert get_live_store().durability_gaps() == []
