"""A device with the reference client, and a record of its reps and their answers."""

import asyncio
import logging
import random
import time
from collections import Counter
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from workouts.client import Frame, Rep, WorkoutClient, WorkoutClientError

SENT_AGAIN = (0, 0, 1, 3, 20)
OTHER_DEVICE = "other_device"
CLOCK_ERROR_MS = 100  # of a device's times by the server's clock, at most
log = logging.getLogger(__name__)


class CountedAck(NamedTuple):
    """A `counted` answer: the rep's number in its session."""

    session_id: str
    count: int
    seq: int


class RecordingClient(WorkoutClient):
    """The reference client, which records the frames that it sends and accepts."""

    record: "Device"

    def _next_frame(self) -> dict[str, Any] | None:
        frame = super()._next_frame()
        if frame is not None:
            log.info("%s > %s", self.record, frame)
            if frame["event"] == "hello":
                self.record.said_hello_at = time.monotonic()
        return frame

    async def _connect(self) -> None:
        """Connect when the device is online, and stay connected while it is."""
        await self.record.online.wait()
        async with asyncio.timeout(None) as self.record.connection:
            await super()._connect()

    def _take(self, frame: Frame) -> None:
        log.info("%s < %s", self.record, tell_briefly(frame))
        if frame.event == "rep_ack":
            self.record.acks[frame.reason or frame.status] += 1
            if frame.reason == OTHER_DEVICE:
                self.record.seen_by_another.add(frame.seq or 0)
            if frame.status == "counted":
                self.record.counted.append(
                    CountedAck(frame.session_id or "", frame.count, frame.seq or 0)
                )
        elif frame.event == "welcome":
            self.record.connections += 1
        if frame.event == "hello":
            self.record.take_hello()
            # like a phone that lost its state: it resends settled reps, which the server must know
            again = self.record.chance.choice(SENT_AGAIN)
            frame = msgspec.structs.replace(frame, last_seq=max(0, frame.last_seq - again))
        super()._take(frame)


def tell_briefly(frame: Frame) -> dict[str, Any]:
    """Return the frame's fields that are set."""
    fields = {name: getattr(frame, name) for name in frame.__struct_fields__}
    return {name: value for name, value in fields.items() if value}


class Device:
    """An athlete's device, with all its reps in the order they were made."""

    def __init__(self, url: str, user_id: str, name: str, events: Counter[str]) -> None:
        self.user_id = user_id
        self.name = name
        self.events = events
        self.reps: list[Rep] = []
        self.acks: Counter[str] = Counter()
        self.counted: list[CountedAck] = []
        self.seen_by_another: set[int] = set()  # seqs that were answered with `other_device`
        self.connections = 0
        self.said_hello_at = 0.0
        self.knows_time = asyncio.Event()
        self.online = asyncio.Event()
        self.online.set()
        self.connection = asyncio.Timeout(None)
        self.chance = random.Random(f"{user_id} {name}")
        self.client = RecordingClient(url, user_id, device=name, first_seq=1)
        self.client.record = self

    def __str__(self) -> str:
        return f"{self.user_id} {self.name} connection {self.connections}"

    async def start(self) -> None:
        """Connect, and wait for a fast hello: the clock of the first rep's hello stays in use."""
        await self.client.__aenter__()
        await self.knows_time.wait()

    def take_hello(self) -> None:
        """Note that a hello was fast; connect again if none has been."""
        if time.monotonic() - self.said_hello_at < CLOCK_ERROR_MS / 1000:
            self.knows_time.set()
        elif not self.knows_time.is_set():
            self.go_offline()
            self.online.set()

    def go_offline(self) -> None:
        """Lose the connection, with the answers in flight, and get none until it is online."""
        self.online.clear()
        with suppress(RuntimeError):  # it is not connected
            self.connection.reschedule(0)

    def rep(self, exercise: str, at_ms: int) -> None:
        self.reps.append(self.client.rep(exercise, at_ms=at_ms))

    async def finish(self, exercise: str) -> None:
        """Finish on the socket, and count errors: others may have finished already."""
        try:
            await self.client.finish(exercise)
        except WorkoutClientError as error:
            self.events[f"finish answered {error.code}"] += 1

    async def settled(self, timeout_s: float) -> None:
        """Wait until each rep has its verdict, or give up; the invariants say what is missing."""
        with suppress(TimeoutError):
            await self.client.settled(timeout_s)

    async def close(self) -> None:
        await self.client.close()
