"""The reference client against an unreliable server, and against the real service."""

import asyncio
import json
import os
import signal
import time
from random import Random
from typing import Any

import pytest
import websockets
from django.test import SimpleTestCase

from workouts.client import Finished, Frame, Rep, WorkoutClient, WorkoutClientError
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.peer import PATIENCE_S, Json, Peer, Phone, client_of, within
from workouts.tests.support.processes import HAS_PROC, find_valkey_process, run_manage
from workouts.tests.support.service import Service, fresh_folder

RESTART_S = 60.0


class UnreliableServer:
    """A server that keeps the contract but loses answers, connections and its latest reps."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311
        self.last_seq = 0
        self.live: list[int] = []
        self.saved: list[list[int]] = []
        self.broken = False

    def happens(self, share: float) -> bool:
        return self.random.random() < share

    async def serve(self, phone: Phone) -> None:
        self.broken = False
        await phone.say("welcome")
        try:
            while not self.happens(0.02):
                await phone.say(**self.answer(json.loads(await phone.socket.recv())))
            self.answer(json.loads(await phone.socket.recv()))
        except websockets.ConnectionClosed:
            return
        phone.vanish()

    def answer(self, frame: Json) -> Json:
        if not self.happens(0.05):
            if frame["event"] == "hello":
                return self.meet()
            if not self.broken:
                return self.finish() if frame["event"] == "finish" else self.count(frame)
        elif frame["event"] == "rep_detected" and not self.broken and self.happens(0.5):
            self.count(frame)
        self.broken = True
        return {
            "event": "error",
            "code": "unavailable",
            "detail": "try again",
            "seq": frame.get("seq"),
        }

    def meet(self) -> Json:
        self.broken = False
        if self.happens(0.3):
            self.fail_over()
        return {"event": "hello", "last_seq": self.last_seq}

    def count(self, frame: Json) -> Json:
        is_new = frame["seq"] > self.last_seq
        if is_new:
            self.last_seq = frame["seq"]
            self.live.append(frame["at"])
        return {
            "event": "rep_ack",
            "status": "counted" if is_new else "duplicate",
            "count": len(self.live),
            "seq": frame["seq"],
        }

    def finish(self) -> Json:
        if self.live:
            self.saved.append(self.live)
            self.live = []
        return {"event": "finished", "workout_id": len(self.saved), "count": len(self.saved[-1])}

    def fail_over(self) -> None:
        """Forget the last reps of the live session."""
        lost = self.random.randrange(min(3, len(self.live)) + 1)
        if lost:
            self.last_seq -= lost
            del self.live[-lost:]


class UnreliableServerTests(SimpleTestCase):
    async def test_no_rep_is_lost_or_counted_twice(self) -> None:
        for seed in range(8):
            server, times = UnreliableServer(seed), list(range(120))
            async with Peer(*[server.serve] * 10_000) as peer:
                async with client_of(peer.url, backoff=lambda failures: 0.0) as client:
                    finishing = []
                    for at in times:
                        client.rep(at_ms=at)
                        if at % 40 == 39:
                            finishing.append(asyncio.create_task(client.finish()))
                            await asyncio.wait(
                                finishing, timeout=server.random.choice([0.0, 0.01, PATIENCE_S])
                            )
                    totals = await within(asyncio.gather(*finishing))
                peer.scripts.clear()
            assert server.saved == [times[:40], times[40:80], times[80:]], seed
            assert totals == [Finished(1, 40), Finished(2, 40), Finished(3, 40)]
            assert client.held == []


@pytest.mark.slow
class ServiceTests(SimpleTestCase):
    """The real service, killed or with Redis stopped."""

    def setUp(self) -> None:
        self.athlete = new_athlete()
        self.folder = fresh_folder()
        self.service = self.start()

    def start(self, port: int | None = None) -> Service:
        service = Service(SENIM_DATA=str(self.folder))
        if port is not None:
            service.port, service.url = port, f"http://127.0.0.1:{port}"
            service.command[service.command.index("--port") + 1] = str(port)
        service.start(wait=port is None)
        self.addCleanup(service.kill)
        return service

    def train(self, client: WorkoutClient, reps: int, exercise: str = "squat") -> list[Rep]:
        """Make reps that were 2 s apart, the last one now."""
        now = time.time_ns() // 1_000_000
        return [
            client.rep(exercise, at_ms=now - 2000 * (reps - 1 - number)) for number in range(reps)
        ]

    def saved(self, workout_id: int) -> Any:
        return self.service.ask("GET", f"/workout/sessions/{workout_id}/").body["total_reps"]

    async def test_it_counts_and_finishes(self) -> None:
        async with WorkoutClient(self.service.url, user_id=self.athlete) as client:
            reps = self.train(client, 30)
            finished = await within(client.finish())
            assert finished.count == 30
            assert all(rep.counted for rep in reps)
            with pytest.raises(WorkoutClientError) as raised:
                await within(client.finish("push_up"))
            assert raised.value.code == "nothing_to_finish"
            typo = client.rep("sqat")
            await within(client.settled())
            assert typo.status == "unknown_exercise"
            assert await within(client.finish()) == finished
            assert (await within(client.finish(load_kg=20))).load_kg is None
        assert await asyncio.to_thread(self.saved, finished.workout_id) == 30

    async def test_it_finishes_with_a_load(self) -> None:
        async with WorkoutClient(self.service.url, user_id=self.athlete) as client:
            self.train(client, 3)
            finished = await within(client.finish(load_kg=62.5))
            assert (finished.count, finished.load_kg) == (3, 62.5)
            assert await within(client.finish(load_kg=80)) == finished

    async def test_no_rep_is_lost_when_the_service_is_killed(self) -> None:
        acked, killed = 0, asyncio.Event()

        def kill_at_the_100th(rep: Rep, count: int) -> None:
            nonlocal acked
            acked += 1
            if acked == 100:
                self.service.kill()
                killed.set()

        async with WorkoutClient(
            self.service.url, user_id=self.athlete, on_ack=kill_at_the_100th
        ) as client:
            reps = self.train(client, 400)
            await within(killed.wait())
            reps += [client.rep(at_ms=reps[-1].at_ms + 500 + number) for number in (0, 500)]
            self.service = await asyncio.to_thread(self.start, self.service.port)
            finished = await within(client.finish(), RESTART_S)
        answered = sum(rep.counted for rep in reps)
        unknown = sum(rep.status in ("settled", "duplicate") for rep in reps)
        assert answered <= finished.count <= answered + unknown
        assert finished.count == 402
        assert await asyncio.to_thread(self.saved, finished.workout_id) == 402

    @pytest.mark.skipif(not HAS_PROC, reason="finds the Valkey in /proc")
    async def test_no_rep_is_lost_while_redis_hangs(self) -> None:
        unavailable = asyncio.Event()

        def look(frame: Frame) -> None:
            if frame.code == "unavailable":
                unavailable.set()

        valkey = find_valkey_process(self.folder)
        async with WorkoutClient(self.service.url, user_id=self.athlete, on_frame=look) as client:
            reps = self.train(client, 20)
            await within(client.settled())
            os.kill(valkey, signal.SIGSTOP)
            try:
                reps += [client.rep(at_ms=reps[-1].at_ms + number) for number in (500, 1000, 1500)]
                await within(unavailable.wait())
            finally:
                os.kill(valkey, signal.SIGCONT)
            assert (await within(client.finish())).count == 23
        assert all(rep.counted or rep.status in ("duplicate", "settled") for rep in reps)

    def test_replay_counts_every_rep_and_plain_replay_debounces(self) -> None:
        path = self.folder / "sets.jsonl"
        sets = [
            {"exercise": "squat", "rep_end_ms": [0, 2000, 2100, 4500]},
            {"exercise": "push_up", "rep_end_ms": [500, 1500, 3000]},
        ]
        path.write_text("\n".join(json.dumps(recorded) for recorded in sets))
        done = run_manage("replay", str(path), "--url", self.service.url, "--speed", "50")
        assert done.returncode == 0, done.stdout + done.stderr
        assert [line.split()[-1] for line in done.stdout.splitlines()] == ["7", "6", "1", "2"]
        done = run_manage(
            "replay", str(path), "--url", self.service.url, "--speed", "50", "--plain"
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert [line.split()[-1] for line in done.stdout.splitlines()] == ["7", "2", "5", "2"]
