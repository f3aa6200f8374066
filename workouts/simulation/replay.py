"""Plays recorded sets against a running service, each as one athlete at the recorded pace."""

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import websockets

from workouts.client import Rep, WorkoutClient, WorkoutClientError
from workouts.client.connection import read_client_clock_ms
from workouts.simulation.behaviours.frames import SetToPlay
from workouts.simulation.behaviours.kinds import perform_behaviour
from workouts.simulation.player import Player
from workouts.simulation.service import ANSWER_TIMEOUT_S, RunningService

FINISH_TIMEOUT_S = 120.0  # long enough for the service to restart
MAX_AT_ONCE = 500
NOT_LOGGED_IN = "4401"


class RecordedSet(msgspec.Struct):
    """A line of the file: an exercise, and when each rep ended (ms)."""

    exercise: str
    rep_end_ms: list[int]

    def offsets_ms(self) -> list[int]:
        return [end_ms - self.rep_end_ms[0] for end_ms in self.rep_end_ms]

    def ahead_ms(self, speed: float) -> int:
        """Return how far a fast replay gets ahead of the recording.

        Dated back by this much, none of its reps is in the future.
        """
        return max(0, round(self.offsets_ms()[-1] * (1 - 1 / speed)))


@dataclass(slots=True)
class ReplayedSet:
    """What happened to one set: its reps, how many of them were saved, and in how many sessions.

    `problem` is empty if all totals agree.
    """

    sent: int = 0
    counted: int = 0
    debounced: int = 0
    saved: int = 0
    rows: int = 0
    problem: str = ""
    verdicts: Counter[str] = field(default_factory=Counter)
    flags: set[str] = field(default_factory=set)


@dataclass(slots=True)
class ReplayTotals:
    verdicts: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    counted: int = 0
    debounced: int = 0
    rows: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, outcome: ReplayedSet) -> None:
        self.sent += outcome.sent
        self.counted += outcome.counted
        self.debounced += outcome.debounced
        self.rows += outcome.rows
        self.verdicts += outcome.verdicts
        self.flags.update(outcome.flags)
        if outcome.problem:
            self.problems.append(outcome.problem)


def read_sets_to_replay(path: Path, limit: int | None) -> list[RecordedSet]:
    """Return a file's sets, one JSON object per line. Raises ValueError naming the bad line."""
    sets: list[RecordedSet] = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if limit is not None and len(sets) >= limit:
            break
        if not line.strip():
            continue
        try:
            sets.append(msgspec.json.decode(line, type=RecordedSet))
        except msgspec.DecodeError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
    return [recorded for recorded in sets if recorded.rep_end_ms]


class Replay:
    """Replays sets against the service at `url`, `speed` times as fast as they were recorded.

    The reference client sends the recorded times and rides out interruptions; a `plain` socket does
    neither. With a `behaviour` (see kinds.py), each set is played with that, at its own pace.
    """

    def __init__(
        self, url: str, *, speed: float = 1.0, plain: bool = False, behaviour: str = ""
    ) -> None:
        self.url = url.rstrip("/")
        self._service = RunningService(self.url)
        self.behaviour = behaviour
        self.speed = speed
        self.plain = plain
        self.run_id = uuid.uuid4().hex[:8]
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)

    async def play(self, sets: list[RecordedSet], on_done: Callable[[ReplayedSet], None]) -> None:
        """Play up to 500 sets at a time, and call `on_done` after each."""
        async with asyncio.TaskGroup() as group:
            for number, recorded in enumerate(sets):
                group.create_task(
                    self._play_one(f"replay-{self.run_id}-{number}", recorded, on_done)
                )

    async def _perform(self, user_id: str, recorded: RecordedSet, outcome: ReplayedSet) -> None:
        played = SetToPlay(recorded.exercise, recorded.offsets_ms())
        performance = perform_behaviour(self.behaviour, played, user_id)
        player = Player(self.url, user_id, recorded.exercise)
        verdicts = await player.play(performance.frames)
        outcome.sent, outcome.counted, outcome.debounced = (
            verdicts.total(),
            verdicts["counted"],
            verdicts["debounced"],
        )
        outcome.verdicts += verdicts
        await self._finish(user_id, performance.exercises(recorded.exercise), outcome)

    async def _play_one(
        self, user_id: str, recorded: RecordedSet, on_done: Callable[[ReplayedSet], None]
    ) -> None:
        outcome = ReplayedSet()
        async with self._slots:
            try:
                if self.behaviour:
                    await self._perform(user_id, recorded, outcome)
                elif self.plain:
                    await self._train_plain(user_id, recorded, outcome)
                    await self._finish(user_id, [recorded.exercise], outcome)
                else:
                    await self._train(user_id, recorded, outcome)
            except (
                OSError,
                ValueError,
                WorkoutClientError,
                websockets.WebSocketException,
            ) as error:
                outcome.problem = f"{user_id}: {explain_replay_error(error)}"
        on_done(outcome)

    async def _train(self, user_id: str, recorded: RecordedSet, outcome: ReplayedSet) -> None:
        reps: list[Rep] = []
        wrong: list[str] = []
        started_ms = read_client_clock_ms() - recorded.ahead_ms(self.speed)

        def check(rep: Rep, count: int) -> None:
            if not is_possible_replay_total(count, reps):
                wrong.append(f"{user_id}: {rep} was answered with the count {count}")

        async with WorkoutClient(self.url, user_id=user_id, on_ack=check) as client:
            async for offset_ms in self._pace(recorded):
                reps.append(client.rep(recorded.exercise, at_ms=started_ms + offset_ms))
            await asyncio.wait_for(client.finish(recorded.exercise), FINISH_TIMEOUT_S)
        outcome.sent = len(reps)
        outcome.counted = sum(rep.counted for rep in reps)
        outcome.debounced = sum(rep.status == "debounced" for rep in reps)
        await self._read_rows(user_id, outcome)
        outcome.verdicts.update(rep.status for rep in reps if rep.status)
        if not is_possible_replay_total(outcome.saved, reps):
            wrong.append(
                f"{user_id}: {outcome.counted} reps were counted, {outcome.saved} were saved"
            )
        outcome.problem = wrong[0] if wrong else ""

    async def _pace(self, recorded: RecordedSet) -> AsyncIterator[int]:
        """Yield each rep's offset from the first (ms) when it is due."""
        clock = asyncio.get_running_loop().time
        began = clock()
        for offset_ms in recorded.offsets_ms():
            await asyncio.sleep(max(0.0, began + offset_ms / 1000 / self.speed - clock()))
            yield offset_ms

    async def _train_plain(self, user_id: str, recorded: RecordedSet, outcome: ReplayedSet) -> None:
        address = f"ws{self.url.removeprefix('http')}/ws/workout?user_id={user_id}"
        async with websockets.connect(address) as socket:
            async for _ in self._pace(recorded):
                await socket.send(json.dumps({"event": "rep_detected", "type": recorded.exercise}))
                answer = json.loads(await asyncio.wait_for(socket.recv(), ANSWER_TIMEOUT_S))
                outcome.sent += 1
                outcome.counted += answer.get("status") == "counted"
                outcome.debounced += answer.get("status") == "debounced"
                if answer.get("count") != outcome.counted:
                    raise ValueError(
                        f"rep {outcome.sent} of {recorded.exercise}: expected"
                        f" {outcome.counted} counted, got {answer}"
                    )

    async def _finish(self, user_id: str, exercises: list[str], outcome: ReplayedSet) -> None:
        for exercise in exercises:
            await self._service.finish_workout(user_id, exercise)
        await self._read_rows(user_id, outcome)
        if outcome.saved != outcome.counted:
            outcome.problem = (
                f"{user_id}: {outcome.counted} reps were counted, {outcome.saved} were saved"
            )

    async def _read_rows(self, user_id: str, outcome: ReplayedSet) -> None:
        rows = await self._service.read_sessions(user_id)
        outcome.rows = len(rows)
        outcome.saved = sum(row["total_reps"] for row in rows)
        outcome.flags = {flag["flag"] for row in rows for flag in row["flags"]}


def explain_replay_error(error: Exception) -> str:
    code = error.code if isinstance(error, WorkoutClientError) else ""
    if isinstance(error, websockets.ConnectionClosed) and error.rcvd is not None:
        code = str(error.rcvd.code)
    if code == NOT_LOGGED_IN:
        return "the service asks for access tokens; replay needs one with SENIM_AUTH=open"
    return str(error) or type(error).__name__


def is_possible_replay_total(total: int, reps: list[Rep]) -> bool:
    """Return whether a total fits its reps; the verdict is unknown if the ack was lost."""
    counted = sum(rep.counted for rep in reps)
    unknown = sum(not rep.counted and rep.status in (None, "settled", "duplicate") for rep in reps)
    return counted <= total <= counted + unknown
