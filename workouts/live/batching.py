"""The hot path to Redis: reps that arrive in one turn of the event loop share one script call.

No rep is ever sent twice: where the answer is lost, the rep is "unavailable".
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import hiredis
import structlog
from redis.exceptions import NoScriptError

from workouts.live import scripts
from workouts.live.clients import REDIS_AWAY, connect_async, is_cluster
from workouts.live.keys import LiveKeys

ANSWER_DEADLINE_S = 1.8  # a client has its answer within 2 s
MAX_BATCH = 500  # bounds how long one call keeps Redis from others: about 10 ms
TRUST_IDLE_S = 0.5  # a connection that was idle for longer is looked at before it is used
COUNTED, DEBOUNCED, DUPLICATE, FORGOTTEN = 1, 2, 3, 4

log = structlog.get_logger(__name__)


# What became of a rep: COUNTED, DEBOUNCED, DUPLICATE or FORGOTTEN, the running count, ms until the next can count, and for a rep
# of a device the id of its live session; None: no answer in time. Plain tuples: a batch makes thousands of them a second.
Verdict = tuple[Any, ...]
Settle = Callable[[Any], None]
PendingRep = tuple[LiveKeys, int, Settle, bytes, bytes]


class RepBatcher:
    """Counts reps for one event loop: in one lane to a single server, in one for each hash tag to a cluster."""

    def __init__(self, url: str, *, now_ms: Callable[[], int] | None = None) -> None:
        self._cluster = is_cluster(url)
        self._calls = ClusterCalls(url) if self._cluster else SingleCalls(url)
        self._now_ms = now_ms
        self._lanes: dict[int, Lane] = {}

    def submit(self, keys: LiveKeys, min_interval_ms: int, settle: Settle, *, memory: bytes = b"", said: bytes = b"") -> None:
        """Count a rep in the next batch; `settle` is called with the verdict, in order of submission for each athlete.

        Of a device, `memory` is its key and `said` what device.lua reads.
        """
        number = keys.tag if self._cluster else 0
        lane = self._lanes.get(number)
        if lane is None:
            lane = self._lanes[number] = Lane(self._calls, self._now_ms)
        lane.submit((keys, min_interval_ms, settle, memory or keys.mark, said))

    async def settled(self) -> None:
        """Wait until every rep that was submitted has its verdict."""
        for lane in self._lanes.values():
            await lane.settled()

    async def close(self) -> None:
        """Wait for what is under way, then disconnect."""
        await self.settled()
        await self._calls.close()


class Lane:
    """Reps that go to Redis one call after another; what arrives during one call makes up the next."""

    def __init__(self, calls: "SingleCalls | ClusterCalls", now_ms: Callable[[], int] | None) -> None:
        self._calls = calls
        self._now_ms = now_ms
        self._pending: list[PendingRep] = []
        self._task: asyncio.Task[None] | None = None

    def submit(self, rep: PendingRep) -> None:
        self._pending.append(rep)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def settled(self) -> None:
        if self._task is not None:
            await asyncio.shield(self._task)

    async def _work(self) -> None:
        try:
            while self._pending:
                batch, self._pending = self._pending[:MAX_BATCH], self._pending[MAX_BATCH:]
                verdicts = await self._ask(batch)
                if verdicts is None:
                    # what was queued behind a failed call would wait for a second deadline
                    batch, self._pending = batch + self._pending, []
                    verdicts = [None] * len(batch)
                for rep, verdict in zip(batch, verdicts, strict=True):
                    rep[2](verdict)
        finally:
            self._task = None

    async def _ask(self, batch: list[PendingRep]) -> Sequence[Verdict | None] | None:
        keys, args = pack_batch(batch, self._now_ms)
        try:
            async with asyncio.timeout(ANSWER_DEADLINE_S):
                reply = await self._calls.call(keys, args)
            return unpack_reply(batch, *reply)
        except (*REDIS_AWAY, OSError, TimeoutError) as error:
            log.warning("redis_unavailable", reps=len(batch), error=str(error) or type(error).__name__)
        except Exception:
            log.exception("reps_not_counted", reps=len(batch))  # a slip of ours must not leave sockets without an answer
        await self._calls.drop()
        return None


def pack_batch(batch: Iterable[PendingRep], now_ms: Callable[[], int] | None) -> tuple[list[bytes], list[bytes | int]]:
    """Return KEYS and ARGV of rep.lua."""
    keys: list[bytes] = []
    args: list[bytes | int] = [now_ms() if now_ms else b"", str(uuid.uuid4())[:-4].encode()]
    for names, min_interval_ms, _, memory, said in batch:
        keys += names[:5]
        keys.append(memory)
        args += (names.member, min_interval_ms, said)
    return keys, args


def unpack_reply(batch: list[PendingRep], numbers: list[int], session_ids: list[bytes]) -> list[Verdict]:
    """Return the verdicts in a reply of rep.lua."""
    verdicts = zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)
    if not session_ids:
        return [*verdicts]
    ids = iter(session_ids)
    return [(*verdict, next(ids)) if rep[4] else verdict for rep, verdict in zip(batch, verdicts, strict=True)]


class SingleCalls:
    """Script calls to one server (found through Sentinel, maybe), packed by hiredis on a connection kept open."""

    def __init__(self, url: str) -> None:
        self._pool = connect_async(url).connection_pool
        self._connection: Any = None
        self._used_at = 0.0

    async def call(self, keys: list[bytes], args: list[bytes | int]) -> Any:
        connection = await self._ready_connection()
        try:
            reply = await self._execute(connection, b"EVALSHA", scripts.REP.sha, keys, args)
        except NoScriptError:
            reply = await self._execute(connection, b"EVAL", scripts.REP.text, keys, args)
        self._used_at = time.monotonic()
        return reply

    async def drop(self) -> None:
        """Give the connection up: a late answer on it would be taken for the next one's."""
        if self._connection is not None:
            await self._connection.disconnect(nowait=True)

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.disconnect()

    async def _ready_connection(self) -> Any:
        if self._connection is None:
            self._connection = self._pool.make_connection()
        if time.monotonic() - self._used_at > TRUST_IDLE_S:
            await self._pool.ensure_connection(self._connection)
        return self._connection

    async def _execute(self, connection: Any, command: bytes, script: bytes, keys: list[bytes], args: list[bytes | int]) -> Any:
        packed = hiredis.pack_command((command, script, len(keys), *keys, *args))  # type: ignore[arg-type]  # the stub takes one-tuples only
        await connection.send_packed_command(packed, check_health=False)
        return await connection.read_response()


class ClusterCalls:
    """Script calls to a cluster: one for each hash tag."""

    def __init__(self, url: str) -> None:
        self._client = connect_async(url)

    async def call(self, keys: list[bytes], args: list[bytes | int]) -> Any:
        try:
            return await self._client.execute_command("EVALSHA", scripts.REP.sha, len(keys), *keys, *args)
        except NoScriptError:
            return await self._client.execute_command("EVAL", scripts.REP.text, len(keys), *keys, *args)

    async def drop(self) -> None:
        """A cluster's client looks after its connections itself."""

    async def close(self) -> None:
        await self._client.aclose()
