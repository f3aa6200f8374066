"""A scripted server for senim.v1, which loses answers and connections when a test wants it to."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import websockets

from workouts.client import Rep, WorkoutClient
from workouts.tests.support.run import free_port

HEAR_S = 30.0
PATIENCE_S = 60.0
Json = dict[str, Any]
T = TypeVar("T")


async def within(awaitable: Awaitable[T], seconds: float = PATIENCE_S) -> T:
    return await asyncio.wait_for(awaitable, seconds)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until the condition holds."""
    while not holds():
        await asyncio.sleep(0.01)


def client_of(url: str, **options: Any) -> WorkoutClient:
    """Return a client that numbers from 1 and reconnects at once."""
    return WorkoutClient(
        url, **{"user_id": "aigul", "first_seq": 1, "backoff": lambda failures: 0.01, **options}
    )


def make(client: WorkoutClient, reps: int, exercise: str = "squat") -> list[Rep]:
    return [client.rep(exercise) for _ in range(reps)]


def statuses(reps: list[Rep]) -> list[str | None]:
    return [rep.status for rep in reps]


class Phone:
    """One connection, as the server sees it."""

    def __init__(self, socket: websockets.ServerConnection) -> None:
        self.socket = socket

    async def say(self, event: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"event": event, **fields}))

    async def hear(self, event: str, count: int = 1) -> list[Json]:
        """Return the next `count` frames, which must all be this event."""
        frames = [
            json.loads(await asyncio.wait_for(self.socket.recv(), HEAR_S)) for _ in range(count)
        ]
        assert [frame["event"] for frame in frames] == [event] * count, frames
        return frames

    async def hear_nothing(self, for_s: float = 0.2) -> None:
        try:
            frame = await asyncio.wait_for(self.socket.recv(), for_s)
        except TimeoutError:
            return
        raise AssertionError(f"heard {frame!r}")

    async def answer_hello(self, last_seq: int) -> Json:
        (hello,) = await self.hear("hello")
        await self.say("hello", device=hello["device"], last_seq=last_seq, server_time=hello["now"])
        return hello

    async def greet(self, last_seq: int = 0) -> Json:
        await self.say(
            "welcome", protocol=1, user_id="aigul", server_time=1, sessions=[], exercises=["squat"]
        )
        return await self.answer_hello(last_seq)

    async def count(self, first: int, last: int, *, status: str = "counted") -> None:
        """Answer the reps from `first` to `last`, in order; the count is the seq."""
        for seq in range(first, last + 1):
            (rep,) = await self.hear("rep_detected")
            assert rep["seq"] == seq
            await self.say(
                "rep_ack", type=rep["type"], status=status, count=seq, seq=seq, session_id="s"
            )

    async def save(self, workout_id: int = 7, count: int = 3) -> None:
        (finish,) = await self.hear("finish")
        await self.say("finished", type=finish["type"], workout_id=workout_id, count=count)

    async def be_unavailable(self, seq: int | None = None) -> None:
        await self.say(
            "error", code="unavailable", detail="try again", **({} if seq is None else {"seq": seq})
        )

    def vanish(self) -> None:
        """Drop the connection as a power cut would."""
        self.socket.transport.abort()

    async def stay(self) -> None:
        """Answer nothing until the client leaves."""
        await self.socket.wait_closed()


Script = Callable[[Phone], Awaitable[None]]


class Peer:
    """Play one script for each connection, in order, then stay silent.

    `async with` raises at its end what went wrong in a script.
    """

    def __init__(self, *scripts: Script, **options: Any) -> None:
        self.options = options  # of websockets.serve
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.scripts = list(scripts)
        self.errors: list[BaseException] = []
        self.connections = 0
        self.at_the_last = asyncio.Event()

    async def __aenter__(self) -> Self:
        self.server = await websockets.serve(
            self.play,
            "127.0.0.1",
            self.port,
            subprotocols=[websockets.Subprotocol("senim.v1")],
            **self.options,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.server.close()
        await asyncio.wait_for(self.server.wait_closed(), HEAR_S)
        if self.errors:
            raise self.errors[0]
        assert not self.scripts, f"{len(self.scripts)} scripts were not played"

    async def play(self, socket: websockets.ServerConnection) -> None:
        self.connections += 1
        script = self.scripts.pop(0) if self.scripts else Phone.stay
        if not self.scripts:
            self.at_the_last.set()
        try:
            await script(Phone(socket))
        except (AssertionError, TimeoutError, websockets.ConnectionClosed) as error:
            self.errors.append(error)
