"""The database is asked about many devices at once, and only about those Redis does not know."""

import asyncio
import threading
from contextlib import closing
from unittest import mock

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import OperationalError
from django.test import TransactionTestCase, override_settings

from senim.embedded.valkey import EmbeddedValkey
from workouts.live.clients import connect_to_redis
from workouts.live.greeting.batching import get_greeting_batcher
from workouts.models import Athlete, Device
from workouts.services import saved_seqs
from workouts.services.circuit_breaker import CircuitBreaker
from workouts.services.devices import find_last_seq_of_device, save_last_seqs_of_devices
from workouts.services.saved_seqs import (
    MOST_A_QUERY,
    SavedSeqCollector,
    find_saved_seqs_of_devices,
)
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.greetings import OTHER_HISTORY, Memory, meet, note_hello
from workouts.tests.support.run import fresh_folder
from workouts.tests.support.sent import PHONE, WATCH, Sent, forget, send

AWAY = OperationalError("away")


class SavedSeqCase(TransactionTestCase):
    serialized_rollback = True

    def setUp(self) -> None:
        self.athlete, self.other = new_athlete(), new_athlete()
        for user_id in (self.athlete, self.other):
            Athlete.objects.create(user_id=user_id)
        self.save(self.athlete, PHONE, 41)
        self.save(self.other, PHONE, 7)
        self.save(self.other, WATCH, 3)
        # the queries go on as they are, and are counted
        self.query = self.enterContext(
            mock.patch.object(
                saved_seqs, "find_saved_seqs_of_devices", wraps=find_saved_seqs_of_devices
            )
        )
        self.enterContext(
            mock.patch.object(saved_seqs, "database_breaker", CircuitBreaker(retry_s=60.0))
        )

    def save(self, user_id: str, device: str, seq: int) -> None:
        Device.objects.update_or_create(
            athlete_id=user_id, device_id=device, defaults={"last_seq": seq}
        )


class CollectorTests(SavedSeqCase):
    async def find_all(self, *devices: tuple[str, str]) -> list[int]:
        collector = SavedSeqCollector()
        return await asyncio.gather(*(collector.find(*each) for each in devices))

    async def test_devices_asked_about_at_once_share_a_query(self) -> None:
        devices = [
            (self.athlete, PHONE),
            (self.athlete, WATCH),  # another athlete has one of this id
            (self.other, PHONE),
            (self.other, WATCH),
            (new_athlete(), PHONE),
            (self.athlete, PHONE),
        ]
        assert await self.find_all(*devices) == [41, 0, 7, 3, 0, 41]
        assert self.query.call_count == 1

    async def test_more_than_one_query_takes_make_several(self) -> None:
        devices = [(self.other, f"d{number}") for number in range(MOST_A_QUERY)]
        found = await self.find_all(*devices, (self.other, WATCH), (self.athlete, PHONE))
        assert found == [0] * MOST_A_QUERY + [3, 41]
        assert self.query.call_count == 2

    async def test_those_that_come_during_a_query_share_the_next(self) -> None:
        began, go_on = threading.Event(), threading.Event()

        def find_slowly(devices: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
            found = find_saved_seqs_of_devices(devices)
            began.set()
            assert go_on.wait(20)
            return found

        self.query.side_effect = find_slowly
        collector = SavedSeqCollector()
        first = asyncio.create_task(collector.find(self.athlete, PHONE))
        await asyncio.to_thread(began.wait, 20)
        await sync_to_async(self.save)(self.athlete, PHONE, 50)
        later = [
            asyncio.create_task(collector.find(*each))
            for each in ((self.athlete, PHONE), (self.other, WATCH), (self.other, PHONE))
        ]
        await asyncio.sleep(0)
        go_on.set()
        assert await first == 41
        # what was saved since the first query began is not missed
        assert await asyncio.gather(*later) == [50, 3, 7]
        assert self.query.call_count == 2

    async def test_all_fail_together_and_the_next_ones_at_once(self) -> None:
        self.query.side_effect = AWAY
        collector = SavedSeqCollector()
        asked = (collector.find(self.athlete, f"d{number}") for number in range(30))
        errors = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(error) for error in errors} == {OperationalError}
        with pytest.raises(OperationalError, match="a moment ago"):
            await collector.find(self.athlete, PHONE)
        assert self.query.call_count == 1

    async def test_a_query_that_takes_too_long_fails(self) -> None:
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        self.query.side_effect = lambda devices: go_on.wait(20)
        self.enterContext(mock.patch.object(saved_seqs, "DATABASE_DEADLINE_S", 0.05))
        with pytest.raises(OperationalError, match="in time"):
            await self.find_all((self.athlete, PHONE))


class LastSeqTests(SavedSeqCase):
    def find(self, device: str = PHONE) -> int:
        return self.find_all(device)[0]

    @async_to_sync
    async def find_all(self, *devices: str) -> list[int]:
        finding = (find_last_seq_of_device(user_id=self.athlete, device=each) for each in devices)
        try:
            return await asyncio.gather(*finding)
        finally:
            await get_greeting_batcher().close()

    def test_a_device_that_redis_does_not_know_is_looked_up_once(self) -> None:
        for _ in range(3):
            assert self.find_all(PHONE, WATCH) == [41, 0]
        assert self.query.call_count == 1

    def test_a_device_whose_memory_is_lost_is_looked_up_again(self) -> None:
        self.find()
        forget(self.athlete)
        assert self.find() == 41
        assert self.query.call_count == 2

    def test_reps_that_are_not_saved_yet_count_too(self) -> None:
        self.find()
        send(self.athlete, Sent(42, 0, known=41))
        assert self.find() == 42
        assert self.query.call_count == 1

    def test_after_a_failover_the_higher_seq_is_the_right_one(self) -> None:
        self.find()
        self.save(self.athlete, PHONE, 60)
        note_hello(self.athlete, PHONE, history=OTHER_HISTORY)
        assert self.find() == 60
        send(self.athlete, Sent(61, 0, known=60))
        note_hello(self.athlete, PHONE, history=OTHER_HISTORY)
        assert self.find() == 61
        assert self.query.call_count == 3

    def test_a_redis_that_was_set_back_is_noticed_by_the_process_that_saved(self) -> None:
        self.find()
        save_last_seqs_of_devices({self.athlete: {PHONE: 60}})
        assert [self.find(), self.find()] == [60, 60]
        assert self.query.call_count == 2

    def test_two_hellos_of_one_device_at_once_get_the_same_answer(self) -> None:
        assert self.find_all(*[PHONE] * 20) == [41] * 20
        assert self.query.call_count == 1

    def test_without_a_database_a_device_is_known_as_far_as_redis_knows_it(self) -> None:
        self.find()
        note_hello(self.athlete, PHONE, history=OTHER_HISTORY)
        self.query.side_effect = AWAY
        assert self.find() == 41
        assert meet(self.athlete, PHONE) == Memory(41, is_whole=False)
        with pytest.raises(OperationalError):
            self.find(WATCH)
        forget(self.athlete)
        with pytest.raises(OperationalError):
            self.find()

    def test_a_new_device_is_still_known_once_the_database_is_away(self) -> None:
        assert self.find("new") == 0
        self.query.side_effect = AWAY
        assert self.find("new") == 0

    def test_what_a_device_had_saved_is_found_once_the_database_is_back(self) -> None:
        send(self.athlete, Sent(5, 0))
        self.query.side_effect = AWAY
        assert self.find() == 5
        self.query.side_effect = None
        saved_seqs.database_breaker.record(works=True)
        assert self.find() == 41


@pytest.mark.slow
class FailoverTests(SavedSeqCase):
    """With a server of its own, which may be promoted."""

    def setUp(self) -> None:
        super().setUp()
        folder = fresh_folder()
        server = EmbeddedValkey(folder, folder / "valkey.sock")
        server.start()
        self.addCleanup(server.stop)
        self.url = f"unix://{folder}/valkey.sock"

    @async_to_sync
    async def find(self) -> int:
        with override_settings(REDIS_URL=self.url):
            try:
                return await find_last_seq_of_device(user_id=self.athlete, device=PHONE)
            finally:
                await get_greeting_batcher().close()

    def test_a_failover_while_the_database_is_asked_has_it_asked_again(self) -> None:
        def find_before_failover(devices: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
            found = find_saved_seqs_of_devices(devices)
            if self.query.call_count == 1:
                # saved meanwhile, by another socket of the device, and lost in Redis
                self.save(self.athlete, PHONE, 60)
                with closing(connect_to_redis(self.url)) as client:
                    client.replicaof("127.0.0.1", "1")
                    client.replicaof("NO", "ONE")
            return found

        self.query.side_effect = find_before_failover
        assert self.find() == 60
        assert self.query.call_count == 2
        assert self.find() == 60
        assert self.query.call_count == 2
