"""Plays recorded sets against a running service, each as one athlete, at the athlete's own pace."""

import asyncio
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
import websockets

ANSWER_TIMEOUT_S = 10.0
MAX_AT_ONCE = 500


class RecordedSet(msgspec.Struct):
    """A line of the file: the end of each repetition, in ms."""

    exercise: str
    rep_end_ms: list[int]


@dataclass(slots=True)
class Outcome:
    """What became of one set; `problem` is empty where every total is what it has to be."""

    sent: int = 0
    counted: int = 0
    debounced: int = 0
    saved: int = 0
    problem: str = ""


@dataclass(slots=True)
class Totals:
    sent: int = 0
    counted: int = 0
    debounced: int = 0
    rows: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.sent += outcome.sent
        self.counted += outcome.counted
        self.debounced += outcome.debounced
        self.rows += outcome.saved > 0
        if outcome.problem:
            self.problems.append(outcome.problem)


class HttpAnswer(NamedTuple):
    status: int
    body: dict[str, Any]
    location: str


def read_sets(path: Path, limit: int | None) -> list[RecordedSet]:
    """Return the sets of a file, one JSON object a line. Raises ValueError that names the line."""
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
    """Replays sets against the service at `url`, `speed` times as fast as they were recorded."""

    def __init__(self, url: str, *, speed: float = 1.0) -> None:
        self.url = url.rstrip("/")
        self.speed = speed
        self.run_id = uuid.uuid4().hex[:8]
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)

    async def play(self, sets: list[RecordedSet], on_done: Callable[[Outcome], None]) -> None:
        """Play all sets at once, up to 500 at a time, and call `on_done` after each."""
        async with asyncio.TaskGroup() as group:
            for number, recorded in enumerate(sets):
                group.create_task(self._play_one(f"replay-{self.run_id}-{number}", recorded, on_done))

    async def _play_one(self, user_id: str, recorded: RecordedSet, on_done: Callable[[Outcome], None]) -> None:
        outcome = Outcome()
        async with self._slots:
            try:
                await self._train(user_id, recorded, outcome)
                await self._finish(user_id, recorded.exercise, outcome)
            except (OSError, TimeoutError, ValueError, websockets.WebSocketException) as error:
                outcome.problem = f"{user_id}: {str(error) or type(error).__name__}"
        on_done(outcome)

    async def _train(self, user_id: str, recorded: RecordedSet, outcome: Outcome) -> None:
        address = f"ws{self.url.removeprefix('http')}/ws/workout?user_id={user_id}"
        async with websockets.connect(address) as socket:
            clock = asyncio.get_running_loop().time
            began, first = clock(), recorded.rep_end_ms[0]
            for at_ms in recorded.rep_end_ms:
                await asyncio.sleep(max(0.0, began + (at_ms - first) / 1000 / self.speed - clock()))
                await socket.send(json.dumps({"event": "rep_detected", "type": recorded.exercise}))
                answer = json.loads(await asyncio.wait_for(socket.recv(), ANSWER_TIMEOUT_S))
                outcome.sent += 1
                outcome.counted += answer.get("status") == "counted"
                outcome.debounced += answer.get("status") == "debounced"
                if answer.get("count") != outcome.counted:
                    raise ValueError(f"rep {outcome.sent} of {recorded.exercise}: {outcome.counted} counted, answered {answer}")

    async def _finish(self, user_id: str, exercise: str, outcome: Outcome) -> None:
        body = {"user_id": user_id, "exercise_type": exercise}
        finished = await asyncio.to_thread(self._ask, "POST", "/workout/finish", body)
        if finished.status != 200:
            raise ValueError(f"finish answered {finished.status}: {finished.body.get('detail')}")
        row = (await asyncio.to_thread(self._ask, "GET", finished.location)).body
        outcome.saved = row["total_reps"]
        if outcome.saved != outcome.counted:
            outcome.problem = f"{user_id}: {outcome.counted} reps were counted, the row has {outcome.saved}"

    def _ask(self, method: str, path: str, body: Any = None) -> HttpAnswer:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers={"Content-Type": "application/json"})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S) as response:  # noqa: S310
                return HttpAnswer(response.status, json.load(response), response.headers.get("Location", ""))
        except urllib.error.HTTPError as error:
            with error:
                return HttpAnswer(error.code, json.load(error), "")


def check_url(url: str) -> str:
    """Return the address if it is one of a web service. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"--url is {url!r}; it takes an address like http://127.0.0.1:8000")
    return url
