"""Phones that speak senim.v1."""

import asyncio
import contextlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

import websockets

from workouts.clock import now_ms
from workouts.tests.support.service import Service

ANSWER_S = 60.0
SILENCE_S = 0.8  # an update takes less
PACE_MS = 1000  # over the minimum interval of every exercise
LONG_AGO_MS = now_ms() - 5_010 * PACE_MS
Frame = dict[str, Any]


def make_rep(seq: int | None = None, at: int | None = None, exercise: str = "squat") -> Frame:
    """Return a rep_detected without the fields that are None."""
    more = {name: value for name, value in (("seq", seq), ("at", at)) if value is not None}
    return {"event": "rep_detected", "type": exercise, **more}


def make_set(seqs: Iterable[int], *, ago_ms: int = 0, exercise: str = "squat") -> list[Frame]:
    """Return reps a second apart by seq (up to 5,000), in the past, and earlier by `ago_ms`."""
    return [make_rep(seq, LONG_AGO_MS - ago_ms + PACE_MS * seq, exercise) for seq in seqs]


class Phone:
    """A senim.v1 socket on which each wait for a frame has a deadline."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket

    async def send(self, *frames: Frame | str | bytes) -> None:
        for frame in frames:
            await self.socket.send(json.dumps(frame) if isinstance(frame, dict) else frame)

    async def hear(self) -> Frame:
        frame: Frame = json.loads(await asyncio.wait_for(self.socket.recv(), ANSWER_S))
        return frame

    async def hear_answer(self) -> Frame:
        """Return the next frame that is not an update."""
        while (frame := await self.hear())["event"] == "session_update":
            pass
        return frame

    async def hear_update(self, **wanted: Any) -> Frame:
        """Return the next update that has these fields."""
        while True:
            frame = await self.hear()
            assert frame["event"] == "session_update", frame
            if wanted.items() <= frame.items():
                return frame

    async def hear_update_soon(self) -> Frame:
        """Return the next update. Raises TimeoutError if none comes within SILENCE_S."""
        async with asyncio.timeout(SILENCE_S):
            return await self.hear_update()

    async def ask(self, frame: Frame | str | bytes) -> Frame:
        return (await self.ask_all([frame]))[0]

    async def ask_all(self, frames: Iterable[Frame | str | bytes]) -> list[Frame]:
        """Send all the frames at once, and return their answers."""
        frames = list(frames)
        sending = asyncio.create_task(self.send(*frames))
        answers = [await self.hear_answer() for _ in frames]
        await sending
        return answers

    async def ask_until_closed(self, frames: Iterable[Frame]) -> list[Frame]:
        """Send frames until the server closes the socket, and return the answers it gave."""
        answers = []
        sending = asyncio.create_task(self.send(*frames))
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                answers.append(await self.hear_answer())
        sending.cancel()
        return answers

    async def say_hello(self, device: str = "phone", now: int | None = None) -> Frame:
        return await self.ask(
            {"event": "hello", "device": device, "now": now_ms() if now is None else now}
        )

    async def finish(self, exercise: str = "squat") -> Frame:
        return await self.ask({"event": "finish", "type": exercise})

    async def hears_nothing(self) -> bool:
        try:
            frame = await asyncio.wait_for(self.socket.recv(), SILENCE_S)
        except TimeoutError:
            return True
        raise AssertionError(frame)

    async def close_code(self) -> int | None:
        """Read until the server closes the socket, and return its code."""
        async with asyncio.timeout(ANSWER_S):
            # a client that leaves answers unread would not read the close frame behind them
            with contextlib.suppress(websockets.ConnectionClosed):
                while True:
                    await self.socket.recv()
        return self.socket.close_code

    async def close(self) -> None:
        await self.socket.close()


class PhoneShop:
    """Makes phones for a test case with a `service`."""

    service: Service

    def open_socket(
        self, user_id: str, service: Service | None = None, **options: Any
    ) -> websockets.connect:
        return websockets.connect(
            (service or self.service).socket_url(user_id),
            max_queue=None,
            open_timeout=ANSWER_S,
            **options,
        )

    async def take_phone(self, user_id: str, service: Service | None = None) -> Phone:
        """Return a phone that was welcomed."""
        phone = Phone(await self.open_socket(user_id, service, subprotocols=["senim.v1"]))
        welcome = await phone.hear()
        assert welcome["event"] == "welcome", welcome
        return phone

    async def take_device(
        self, user_id: str, device: str = "phone", service: Service | None = None
    ) -> Phone:
        """Return a phone that has said hello, again if a busy machine was too slow to answer."""
        phone = await self.take_phone(user_id, service)
        async with asyncio.timeout(ANSWER_S):
            while (answer := await phone.say_hello(device)).get("code") == "unavailable":
                await asyncio.sleep(SILENCE_S)
        assert answer["event"] == "hello", answer
        return phone

    def finish_over_http(self, user_id: str, exercise: str = "squat") -> int:
        answer = self.service.ask(
            "POST", "/workout/finish", {"user_id": user_id, "exercise_type": exercise}
        )
        assert answer.status == 200, answer
        return int(answer.body["workout_id"])


def verdicts(answers: Iterable[Frame]) -> list[str]:
    """Return the status of each answer, or its error code."""
    return [answer.get("status") or answer.get("code") or answer["event"] for answer in answers]


def column(answers: Iterable[Frame], field: str) -> Iterator[Any]:
    return (answer.get(field) for answer in answers)
