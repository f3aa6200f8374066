"""Loads of finishes over HTTP: one after the other, and a class's."""

import asyncio
import json
import time
from typing import NamedTuple

from bench.load.clients import DEADLINE_S
from bench.load.connections import count_first_reps
from bench.load.window import Window
from bench.services import Service

CONNECTIONS = 20
CLASS_ENDS_WITHIN_S = 2.0
RETRY_AFTER_S = 1.0


class Answer(NamedTuple):
    status: int
    headers: dict[bytes, bytes]
    body: bytes


class HttpConnection:
    """A connection that is kept open; it reads answers with a Content-Length."""

    def __init__(self, address: str) -> None:
        self.host, _, port = address.rpartition(":")
        self.port = int(port)

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)

    async def finish(self, user_id: str) -> Answer:
        """Finish an athlete's workout."""
        body = json.dumps({"user_id": user_id, "exercise_type": "squat"}).encode()
        head = f"POST /workout/finish HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        status, *lines = (await self.reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(b":") for line in lines if line)
        }
        answer = await self.reader.readexactly(int(headers[b"content-length"]))
        return Answer(int(status.split()[1]), headers, answer)

    def close(self) -> None:
        self.writer.close()


async def measure_finishes(service: Service, *, run: str, athletes: int) -> dict[str, float]:
    """Measure the finishes of as many live workouts, over a few connections."""
    await count_first_reps(service, run=run, dialect="plain", athletes=athletes)
    waiting, connections = iter(range(athletes)), list[HttpConnection]()

    async def finish_some(connection: HttpConnection) -> None:
        for number in waiting:
            answer = await connection.finish(f"{run}-{number}")
            if answer.status != 200 or b'"workout_id"' not in answer.body:
                raise RuntimeError(f"{service.name}: {answer}")

    for _ in range(CONNECTIONS):
        connection = HttpConnection(service.address)
        await connection.open()
        connections.append(connection)
    with Window(service) as window:
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(*map(finish_some, connections))
    for connection in connections:
        connection.close()
    return window.figures(athletes)


async def measure_class(service: Service, *, run: str, athletes: int) -> dict[str, float]:
    """Measure a class that finishes within two seconds, until the last workout is saved.

    Each phone has a connection of its own, and comes again after a 503.
    """
    await count_first_reps(service, run=run, dialect="plain", athletes=athletes)
    refused = 0

    async def finish_one(number: int) -> None:
        nonlocal refused
        await asyncio.sleep(CLASS_ENDS_WITHIN_S * number / athletes)
        while True:
            connection = HttpConnection(service.address)
            await connection.open()
            answer = await connection.finish(f"{run}-{number}")
            connection.close()
            if answer.status == 200:
                return
            if answer.status != 503:
                raise RuntimeError(f"{service.name}: {answer}")
            refused += 1
            await asyncio.sleep(float(answer.headers.get(b"retry-after", RETRY_AFTER_S)))

    with Window(service) as window:
        began_at = time.perf_counter()
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(*map(finish_one, range(athletes)))
        seconds = time.perf_counter() - began_at
    return window.figures(athletes) | {"seconds": seconds, "refused": float(refused)}
