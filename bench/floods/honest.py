"""Honest athletes, and what they feel: how long their answers take, and what fails."""

import asyncio
import http.client
import json
import random
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from workouts.simulation.raw_socket import (
    SimulatedHandshakeRefused,
    SimulatedRawSocket,
    SocketClosed,
    build_simulated_text,
)

ATHLETES = 10
REP_EVERY_S, NEWCOMER_EVERY_S, FINISH_EVERY_S = 0.2, 0.2, 0.5
# what nobody waits for any longer is not answered at all
PATIENCE_S = 10.0
REP = build_simulated_text({"event": "rep_detected", "type": "squat"})
FAILURES = (SocketClosed, SimulatedHandshakeRefused, OSError, EOFError, TimeoutError)


@dataclass
class Feelings:
    """The times from rep to answer, newcomers' from connecting on, and of finishes (ms)."""

    reps_ms: list[float] = field(default_factory=list)
    newcomers_ms: list[float] = field(default_factory=list)
    finishes_ms: list[float] = field(default_factory=list)
    # of reps: error codes, refusals, and the kinds of no answer
    failed: Counter[str] = field(default_factory=Counter)
    # of newcomers and of finishes
    others_failed: Counter[str] = field(default_factory=Counter)

    def unanswered(self) -> int:
        return sum(number for name, number in self.failed.items() if name.startswith("none: "))

    def failed_share(self) -> float:
        return self.failed.total() / max(1, len(self.reps_ms) + self.unanswered())


def quantile(values: list[float], share: float) -> float:
    """Return the value that this share is below; infinity for none at all."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))] if ranked else float("inf")


async def feel(url: str, seconds: float) -> Feelings:
    """Let honest athletes train for some seconds: reps, new connections, and finishes."""
    feelings, run = Feelings(), uuid.uuid4().hex[:6]
    ends_at = time.monotonic() + seconds
    athletes = [f"honest-{run}-{number}" for number in range(ATHLETES)]
    await asyncio.gather(
        *(train(url, athlete, ends_at, feelings) for athlete in athletes),
        join_in(url, f"new-{run}", ends_at, feelings),
        finish_often(url, athletes[0], ends_at, feelings),
    )
    return feelings


async def train(url: str, athlete: str, ends_at: float, feelings: Feelings) -> None:
    await asyncio.sleep(random.random() * REP_EVERY_S)
    while time.monotonic() < ends_at:
        try:
            async with asyncio.timeout(PATIENCE_S):
                socket = await SimulatedRawSocket.connect(url, f"/ws/workout?user_id={athlete}")
            async with socket:
                await send_reps(socket, ends_at, feelings)
        except FAILURES as error:
            feelings.failed[f"none: {error!r}"] += 1
            await asyncio.sleep(REP_EVERY_S)


async def send_reps(socket: SimulatedRawSocket, ends_at: float, feelings: Feelings) -> None:
    """Send a rep at least: a connection that came too late for one must show."""
    while True:
        began = time.perf_counter()
        async with asyncio.timeout(PATIENCE_S):
            socket.send(REP)
            answer = await socket.hear_answer()
        feelings.reps_ms.append((time.perf_counter() - began) * 1000)
        if answer.get("status") not in ("counted", "debounced"):
            feelings.failed[answer.get("code") or answer["reason"]] += 1
        if time.monotonic() > ends_at:
            return
        await asyncio.sleep(REP_EVERY_S * random.uniform(0.9, 1.1))


async def join_in(url: str, name: str, ends_at: float, feelings: Feelings) -> None:
    """Connect as somebody new, send one rep, and go, over and over."""
    while time.monotonic() < ends_at:
        began, user_id = time.perf_counter(), f"{name}-{random.randrange(10**9)}"
        try:
            async with asyncio.timeout(PATIENCE_S):
                async with await SimulatedRawSocket.connect(
                    url, f"/ws/workout?user_id={user_id}"
                ) as socket:
                    socket.send(REP)
                    await socket.hear_answer()
            feelings.newcomers_ms.append((time.perf_counter() - began) * 1000)
        except FAILURES as error:
            feelings.others_failed[f"newcomer: {error!r}"] += 1
        await asyncio.sleep(NEWCOMER_EVERY_S)


async def finish_often(url: str, athlete: str, ends_at: float, feelings: Feelings) -> None:
    while time.monotonic() < ends_at:
        began = time.perf_counter()
        try:
            status = await asyncio.to_thread(post_finish, url, athlete)
            feelings.finishes_ms.append((time.perf_counter() - began) * 1000)
            if status not in (http.HTTPStatus.OK, http.HTTPStatus.CONFLICT):
                feelings.others_failed[f"finish: {status}"] += 1
        except (OSError, http.client.HTTPException) as error:
            feelings.others_failed[f"finish: {error!r}"] += 1
        await asyncio.sleep(FINISH_EVERY_S)


def post_finish(url: str, athlete: str) -> int:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_S)
    try:
        body = json.dumps({"user_id": athlete, "exercise_type": "squat"})
        connection.request("POST", "/workout/finish", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()
