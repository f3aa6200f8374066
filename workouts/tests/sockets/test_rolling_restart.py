"""Restarts under load: nothing is lost, and nothing counts twice.

One process, and two behind nginx that restart one after the other.
"""

import asyncio
import time

import psycopg
import pytest
import websockets

from workouts.client import WorkoutClient
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.nginx import need_nginx, start_nginx
from workouts.tests.support.outage import SWEEP_NEVER, OutageCase
from workouts.tests.support.phones import (
    LONG_AGO_MS,
    PACE_MS,
    Frame,
    Phone,
    PhoneShop,
    make_set,
    verdicts,
)
from workouts.tests.support.processes import running
from workouts.tests.support.service import Service, free_port, fresh_folder

STOP_WITHIN_S = 10.0
SETTLE_WITHIN_S = 30.0
CLIENTS = 16
FRAMES_A_SECOND = 40


class RestartCase(PhoneShop, OutageCase):
    def start_process(self, port: int) -> Service:
        """Start another process of the service, on a port that it keeps over restarts."""
        service = Service("manage.py", "start", "--port", str(port), **self.environment())
        service.port, service.url = port, f"http://127.0.0.1:{port}"
        self.addCleanup(self.end, service)
        return service.start()

    def environment(self) -> dict[str, str]:
        return {
            "REDIS_URL": f"unix://{self.redis.socket}",
            "DATABASE_URL": self.database_url,
            "SENIM_SWEEP_SECONDS": SWEEP_NEVER,
            "SENIM_DATA": str(fresh_folder()),
            "TRUSTED_PROXIES": "127.0.0.1",
        }

    def end(self, service: Service) -> None:
        if running(service).poll() is None:
            service.kill()

    def totals(self, user_ids: list[str]) -> dict[str, list[int]]:
        """Return the reps of each athlete's saved sessions."""
        query = (
            "SELECT user_id, array_agg(total_reps ORDER BY id) FROM workout_sessions"
            " WHERE user_id = ANY(%s) GROUP BY user_id"
        )
        with psycopg.connect(self.database_url) as connection:
            return dict(connection.execute(query, [user_ids]).fetchall())


class OneProcessTests(RestartCase):
    async def test_reps_in_flight_at_a_stop_are_answered(self) -> None:
        service = self.start_process(free_port())
        phones = {
            user_id: await self.take_device(user_id, service=service)
            for user_id in [new_athlete() for _ in range(CLIENTS)]
        }
        runs = [asyncio.create_task(self.send_until_closed(phone)) for phone in phones.values()]
        await asyncio.sleep(0.5)
        began = time.monotonic()
        status = asyncio.create_task(asyncio.to_thread(service.stop))
        settled = await asyncio.gather(*runs)
        with pytest.raises((OSError, websockets.WebSocketException)):
            await self.take_phone(new_athlete(), service)
        assert await status == 0
        assert time.monotonic() - began < STOP_WITHIN_S
        assert {phone.socket.close_code for phone in phones.values()} == {1012}
        for user_id, last_seq in zip(phones, settled, strict=True):
            assert last_seq > 0
            phone = await self.take_phone(user_id)
            # what was read was counted and answered; what was not read is sent again
            assert (await phone.say_hello())["last_seq"] == last_seq
            assert verdicts(await phone.ask_all(make_set([last_seq, last_seq + 1]))) == [
                "duplicate",
                "counted",
            ]
            assert (await phone.finish())["count"] == last_seq + 1
            await phone.close()

    async def send_until_closed(self, phone: Phone) -> int:
        """Send reps until the socket is closed, and return the last seq that was answered."""
        sending = asyncio.create_task(self.send_reps(phone))
        answers: list[Frame] = []
        try:
            while True:
                answers.append(await phone.hear())
        except websockets.ConnectionClosed:
            sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        assert verdicts(answers) == ["counted"] * len(answers)
        assert [answer["seq"] for answer in answers] == list(range(1, len(answers) + 1))
        return len(answers)

    async def send_reps(self, phone: Phone) -> None:
        for frame in make_set(range(1, 5000)):
            await phone.send(frame)
            await asyncio.sleep(1 / FRAMES_A_SECOND)

    async def test_a_finish_in_progress_at_a_stop_is_answered(self) -> None:
        service = self.start_process(free_port())
        user_id = new_athlete()
        phone = await self.take_device(user_id, service=service)
        await phone.send(*make_set(range(1, 201)), {"event": "finish", "type": "squat"})
        await phone.hear()  # the server is reading
        status = asyncio.create_task(asyncio.to_thread(service.stop))
        answers = 1
        try:
            while (await phone.hear())["event"] in ("rep_ack", "finished"):
                answers += 1
        except websockets.ConnectionClosed:
            pass
        assert phone.socket.close_code == 1012
        assert await status == 0
        phone = await self.take_phone(user_id)
        last_seq = (await phone.say_hello())["last_seq"]
        assert last_seq == min(answers, 200)
        await phone.ask_all(make_set(range(1, 201)))
        assert (await phone.finish())["count"] == 200
        await phone.close()
        assert self.totals([user_id]) == {user_id: [200]}


class Load:
    """Athletes who go on training, whatever happens to their connections."""

    def __init__(self, url: str) -> None:
        self.clients = {
            user_id: WorkoutClient(url, user_id, first_seq=1)
            for user_id in [new_athlete() for _ in range(CLIENTS)]
        }
        self.made = 0
        self.statuses: dict[str, int] = {}

    async def train(self, stop: asyncio.Event) -> None:
        """Have each make many reps a second, with times a second apart."""
        while not stop.is_set():
            for client in self.clients.values():
                client.rep(at_ms=LONG_AGO_MS + PACE_MS * self.made)
            self.made += 1
            await asyncio.sleep(1 / FRAMES_A_SECOND)


class RollingRestartTests(RestartCase):
    ports: tuple[int, int]

    def setUp(self) -> None:
        need_nginx()
        self.ports = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.start_nginx()}"

    def start_nginx(self) -> int:
        """Run nginx with deploy/nginx.conf, and return its port."""
        port = free_port()
        replaced = {
            "listen 80;": f"listen 127.0.0.1:{port};",
            ":8001 ": f":{self.ports[0]} ",
            ":8002 ": f":{self.ports[1]} ",
        }
        process = start_nginx("nginx.conf", fresh_folder(), replaced)
        self.addCleanup(process.wait, 10)
        self.addCleanup(process.terminate)
        return port

    async def test_a_rolling_restart_loses_nothing_and_doubles_nothing(self) -> None:
        processes = list(
            await asyncio.gather(
                *(asyncio.to_thread(self.start_process, port) for port in self.ports)
            )
        )
        load, stop = Load(self.url), asyncio.Event()
        for client in load.clients.values():
            await client.__aenter__()
        training = asyncio.create_task(load.train(stop))
        watching = asyncio.create_task(self.ask_for_health(stop))
        for number, port in enumerate(self.ports):
            await asyncio.sleep(1)
            began = time.monotonic()
            assert await asyncio.to_thread(processes[number].stop) == 0
            assert time.monotonic() - began < STOP_WITHIN_S
            await asyncio.sleep(0.5)
            processes[number] = await asyncio.to_thread(self.start_process, port)
        await asyncio.sleep(1)
        stop.set()
        await training
        async with asyncio.timeout(SETTLE_WITHIN_S):
            finished = await asyncio.gather(*(client.finish() for client in load.clients.values()))
        for client in load.clients.values():
            assert await client.close() == 0
        assert load.made > 100
        assert {done.count for done in finished} == {load.made}
        assert self.totals(list(load.clients)) == {user_id: [load.made] for user_id in load.clients}
        assert set(await watching) == {200}

    async def ask_for_health(self, stop: asyncio.Event) -> list[int]:
        """Return the status of each answer that came through nginx."""
        front = Service()
        front.url = self.url
        statuses = []
        while not stop.is_set():
            statuses.append((await asyncio.to_thread(front.ask, "GET", "/")).status)
            await asyncio.sleep(0.05)
        return statuses

    async def test_nginx_passes_on_a_form_that_the_admin_takes(self) -> None:
        await asyncio.to_thread(self.start_process, self.ports[0])
        front, body = Service(), b"x" * 2**20
        front.url = self.url
        for path, is_too_long in (("/admin/login/", False), ("/workout/finish", True)):
            answer = await asyncio.to_thread(front.ask, "POST", path, body)
            assert (answer.status == 413) == is_too_long, answer

    async def test_nginx_passes_on_the_origin_and_the_host(self) -> None:
        service = await asyncio.to_thread(self.start_process, self.ports[0])
        origins = {self.url: True, service.url: False, "http://evil.example": False}
        for origin, allowed in origins.items():
            opening = websockets.connect(
                self.url.replace("http", "ws") + f"/ws/workout?user_id={new_athlete()}",
                origin=origin,
                open_timeout=60,
            )
            if allowed:
                async with opening as socket:
                    await socket.send('{"event": "rep_detected"}')
                    assert '"counted"' in str(await asyncio.wait_for(socket.recv(), 20))
            else:
                with pytest.raises(websockets.InvalidStatus):
                    await opening
