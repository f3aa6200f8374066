"""While the database hangs or is locked, Redis is still asked, finishes fail, and a stop works."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException

import psycopg
import pytest

from workouts.live.clients import connect_to_redis
from workouts.live.store import LiveStore
from workouts.sockets.server_stop import GRACE_S
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.outage import SWEEP_NEVER, OutageCase, frozen
from workouts.tests.support.phones import Phone, PhoneShop, make_set, verdicts
from workouts.tests.support.processes import HAS_PROC, running, wait_until
from workouts.tests.support.service import Service, free_port, fresh_folder

STOP_WITHIN_S = 10.0
SOON_S = 2.5
LOCK = "LOCK TABLE workout_sessions IN SHARE ROW EXCLUSIVE MODE"


class StuckCase(PhoneShop, OutageCase):
    def frozen(self) -> contextlib.AbstractContextManager[None]:
        """Freeze PostgreSQL: it accepts connections and answers nothing."""
        return frozen(self.database)

    @contextlib.contextmanager
    def locked(self, statement: str = LOCK) -> Iterator[None]:
        """Hold a lock on another connection."""
        with psycopg.connect(self.database_url) as connection:
            connection.execute(statement)
            yield
            connection.rollback()

    def is_waiting_for_a_lock(self) -> bool:
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            ).fetchone()
        return row is not None and row[0] > 0

    def start_process(self, *options: str) -> Service:
        """Start another process of the service."""
        port = free_port()
        environment = {
            "REDIS_URL": f"unix://{self.redis.socket}",
            "DATABASE_URL": self.database_url,
            "SENIM_SWEEP_SECONDS": SWEEP_NEVER,
            "SENIM_DATA": str(fresh_folder()),
        }
        service = Service("manage.py", "start", "--port", str(port), *options, **environment)
        service.port, service.url = port, f"http://127.0.0.1:{port}"
        self.addCleanup(lambda: running(service).poll() is not None or service.kill())
        return service.start()

    def rows_of(self, user_id: str) -> list[int]:
        with psycopg.connect(self.database_url) as connection:
            query = "SELECT total_reps FROM workout_sessions WHERE user_id = %s ORDER BY id"
            return [total for (total,) in connection.execute(query, [user_id])]

    async def stop_within(self, service: Service) -> int:
        began = time.monotonic()
        status = await asyncio.to_thread(service.stop)
        took = time.monotonic() - began
        assert took < STOP_WITHIN_S, took
        return status


@pytest.mark.slow
class KilledTests(StuckCase):
    async def test_a_load_is_saved_by_the_next_finish_though_that_brings_another(self) -> None:
        killed, user_id = self.start_process(), new_athlete()
        phone = await self.take_device(user_id, service=killed)
        await phone.ask_all(make_set([1, 2]))
        with self.locked():
            await phone.send({"event": "finish", "load_kg": 62.5})
            await asyncio.to_thread(wait_until, self.is_waiting_for_a_lock)
            killed.kill()  # between seal and save
        phone = await self.take_device(user_id, service=self.start_process())
        finished = await phone.ask({"event": "finish", "load_kg": 80})
        await phone.close()
        assert (finished["count"], finished["load_kg"]) == (2, 62.5)
        assert self.rows_of(user_id) == [2]

    async def finish_at_once(self, service: Service) -> list[str]:
        """Have six athletes finish while the table is locked, and return them all sealed."""
        athletes = [new_athlete() for _ in range(6)]
        for user_id in athletes:
            phone = await self.take_device(user_id, service=service)
            await phone.ask_all(make_set([1, 2]))
            await phone.send({"event": "finish"})
        store = LiveStore(connect_to_redis(f"unix://{self.redis.socket}"), "senim")
        await asyncio.to_thread(
            wait_until,
            lambda: {*athletes} <= {name.user_id for name in store.sealed_sessions()},
        )
        await asyncio.to_thread(wait_until, self.is_waiting_for_a_lock)
        return athletes

    async def check_saved_once(self, athletes: list[str]) -> None:
        again = self.start_process()
        for user_id in athletes:
            phone = await self.take_device(user_id, service=again)
            assert (await phone.finish())["count"] == 2
            await phone.close()
        assert [self.rows_of(user_id) for user_id in athletes] == [[2]] * 6

    async def test_finishes_that_wait_to_be_saved_together_are_each_saved_once(self) -> None:
        killed = self.start_process()
        with self.locked():
            athletes = await self.finish_at_once(killed)
            killed.kill()
        await self.check_saved_once(athletes)

    @pytest.mark.skipif(not HAS_PROC, reason="finds Valkey's process in /proc")
    async def test_finishes_that_are_saved_and_not_cleared_are_each_saved_once(self) -> None:
        killed = self.start_process()
        with contextlib.ExitStack() as frozen_redis:
            with self.locked():
                athletes = await self.finish_at_once(killed)
                frozen_redis.enter_context(frozen(self.redis))
            # committed; to publish and to clear, it waits for Redis
            saved = lambda: any(map(self.rows_of, athletes))  # noqa: E731
            await asyncio.to_thread(wait_until, saved)
            killed.kill()
        await self.check_saved_once(athletes)


@pytest.mark.skipif(not HAS_PROC, reason="finds PostgreSQL's processes in /proc")
class StopTests(StuckCase):
    async def finish_and_stop(
        self, stuck: Callable[[], contextlib.AbstractContextManager[None]]
    ) -> None:
        service = self.start_process()
        athletes = [new_athlete(), new_athlete()]
        phone, other = [await self.take_device(user_id, service=service) for user_id in athletes]
        for each in (phone, other):
            await each.ask_all(make_set([1, 2]))
        with stuck():
            await phone.send({"event": "finish"})
            body = {"user_id": athletes[1]}
            posting = asyncio.create_task(
                asyncio.to_thread(service.ask, "POST", "/workout/finish", body)
            )
            await asyncio.sleep(0.5)  # both finishes are under way
            stopping = asyncio.create_task(self.stop_within(service))
            # given up at the stop, before the deadline of its own
            async with asyncio.timeout(GRACE_S + 1):
                assert (await phone.hear_answer())["code"] == "unavailable"
                await phone.socket.wait_closed()
            assert phone.socket.close_code == 1012
            assert await stopping == 0
            with contextlib.suppress(OSError, HTTPException):
                await posting
        for user_id in athletes:
            assert self.finish_over_http(user_id)
        assert [self.rows_of(user_id) for user_id in athletes] == [[2], [2]]

    async def test_it_stops_though_the_database_hangs(self) -> None:
        await self.finish_and_stop(self.frozen)

    async def test_it_stops_though_a_table_is_locked(self) -> None:
        await self.finish_and_stop(self.locked)

    async def test_several_workers_stop_accepting_at_once_and_then_end(self) -> None:
        service = self.start_process("--workers", "2")
        wait_until(lambda: self.answers(service))
        slow = await self.open_socket(new_athlete(), service, max_size=None)
        slow.transport.pause_reading()
        for _ in range(3000):
            await slow.send('{"event": "rep_detected"}' + " " * 200)
        stopping = asyncio.create_task(self.stop_within(service))
        try:
            async with asyncio.timeout(SOON_S * 2):
                while await self.takes_connections(service):
                    await asyncio.sleep(0.1)
            assert not stopping.done()
            assert await stopping == 0
        finally:
            slow.transport.abort()
            await asyncio.sleep(0)

    async def takes_connections(self, service: Service) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", service.port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    def answers(self, service: Service) -> bool:
        try:
            return service.ask("GET", "/").status == 200
        except OSError:
            return False

    async def test_a_sweeper_process_stops_and_sweeps_no_more(self) -> None:
        user_id = new_athlete()
        phone = await self.take_device(user_id)
        await phone.ask_all(make_set([1]))
        environment = {
            "REDIS_URL": f"unix://{self.redis.socket}",
            "DATABASE_URL": self.database_url,
            "SENIM_SWEEP_SECONDS": "1",
        }
        with self.locked():
            assert (await phone.finish())["code"] == "unavailable"
            sweeper = Service(
                "manage.py", "sweep", ready="never", SENIM_DATA=str(fresh_folder()), **environment
            ).start(wait=False)
            self.addCleanup(lambda: running(sweeper).poll() is not None or sweeper.kill())
            await asyncio.to_thread(wait_until, self.is_waiting_for_a_lock)
            assert await self.stop_within(sweeper) == 0
        assert self.rows_of(user_id) == []
        assert (await phone.finish())["count"] == 1
        await phone.close()


@pytest.mark.skipif(not HAS_PROC, reason="finds PostgreSQL's processes in /proc")
class GoOnTests(StuckCase):
    async def test_redis_is_still_asked_while_finishes_wait_for_a_frozen_database(
        self,
    ) -> None:
        await self.ask_redis_while(self.frozen)

    async def test_redis_is_still_asked_while_finishes_wait_for_a_lock(self) -> None:
        await self.ask_redis_while(self.locked)

    async def ask_redis_while(
        self, stuck: Callable[[], contextlib.AbstractContextManager[None]]
    ) -> None:
        athletes = [new_athlete() for _ in range(20)]
        phones = [await self.take_device(user_id) for user_id in athletes]
        for phone in phones:
            await phone.ask_all(make_set([1]))
        with stuck():
            for phone in phones:
                await phone.send({"event": "finish"})
            fresh = Phone(await self.open_socket(athletes[0], subprotocols=["senim.v1"]))
            began = time.monotonic()
            welcome = await fresh.hear()
            assert welcome["event"] == "welcome"
            assert "sessions" in welcome
            assert (await fresh.ask({"event": "status"}))["event"] == "sessions"
            assert time.monotonic() - began < SOON_S
            async with asyncio.timeout(SOON_S * 4):
                while (await fresh.say_hello()).get("last_seq") != 1:
                    pass
            answers = [await phone.hear_answer() for phone in phones]
            assert verdicts(answers) == ["unavailable"] * 20
            await fresh.close()
        for phone in phones:
            async with asyncio.timeout(20):
                while (await phone.finish()).get("count") != 1:
                    await asyncio.sleep(0.2)
            await phone.close()
        assert [self.rows_of(user_id) for user_id in athletes] == [[1]] * 20

    async def test_a_hello_is_answered_while_finishes_fill_their_threads(self) -> None:
        phones = [await self.take_device(new_athlete()) for _ in range(20)]
        for phone in phones:
            await phone.ask_all(make_set([1]))
        fresh = Phone(await self.open_socket(new_athlete(), subprotocols=["senim.v1"]))
        assert (await fresh.hear())["event"] == "welcome"
        with self.locked():
            for phone in phones:
                await phone.send({"event": "finish"})
            await asyncio.to_thread(wait_until, self.is_waiting_for_a_lock)
            assert (await fresh.say_hello())["last_seq"] == 0
        for phone in [*phones, fresh]:
            await phone.close()

    async def test_a_finish_over_http_is_told_to_try_again(self) -> None:
        user_id = new_athlete()
        phone = await self.take_device(user_id)
        await phone.ask_all(make_set([1, 2]))
        with self.locked():
            answer = await asyncio.to_thread(
                self.service.ask, "POST", "/workout/finish", {"user_id": user_id}
            )
            assert answer.status == 503
            assert int(answer.headers["retry-after"]) > 0
        assert self.finish_over_http(user_id)
        assert self.rows_of(user_id) == [2]
        await phone.close()
