"""Calls of a script on a connection kept open, to one server or to a node of a cluster."""

import time
from typing import Any

from redis.asyncio.sentinel import SentinelConnectionPool
from redis.exceptions import MovedError, NoScriptError

from workouts.live.clients import REDIS_AWAY, connect_to_redis_async, is_redis_cluster
from workouts.live.counting.packing import PackedCall, pack_script_command
from workouts.live.counting.topology import Address, ClusterTopology
from workouts.live.keys import slot_of_hash_tag
from workouts.live.scripts import LuaScript

TRUST_IDLE_S = 0.5  # a connection that was idle for longer is checked before use
NEVER = float("-inf")


class SingleServerCalls:
    """Script calls to one server, or to the master that the Sentinels name when it connects."""

    def __init__(self, pool: Any, script: LuaScript) -> None:
        self._pool = pool
        self._script = script
        self._connection: Any = None
        self._used_at = NEVER

    async def call(self, call: PackedCall) -> Any:
        await self.make_ready()
        try:
            reply = await self._execute(b"EVALSHA", self._script.sha, call)
        except NoScriptError:
            reply = await self._execute(b"EVAL", self._script.text, call)
        self._used_at = time.monotonic()
        return reply

    async def make_ready(self) -> None:
        """Connect, or check that a connection that was idle is still up."""
        if self._connection is None:
            self._connection = self._pool.make_connection()
        if time.monotonic() - self._used_at > TRUST_IDLE_S:
            await self._pool.ensure_connection(self._connection)
            self._used_at = time.monotonic()

    async def drop(self) -> None:
        """Give up the connection: a late answer on it would be taken for the next call's."""
        # only ensure_connection asks the Sentinels for the master; sending just reconnects
        self._used_at = NEVER
        if self._connection is not None:
            await self._connection.disconnect(nowait=True)

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.disconnect()

    async def _execute(self, command: bytes, script: bytes, call: PackedCall) -> Any:
        await self._connection.send_packed_command(
            pack_script_command(command, script, call), check_health=False
        )
        return await self._connection.read_response()


class ClusterCalls:
    """Script calls to the node that owns a hash tag's slot, on a connection of the tag's own."""

    def __init__(self, topology: ClusterTopology, slot: int, script: LuaScript) -> None:
        self._topology = topology
        self._slot = slot
        self._script = script
        self._address: Address = ("", 0)
        self._calls: SingleServerCalls | None = None

    async def call(self, call: PackedCall) -> Any:
        calls = await self._switch_to(await self._topology.find_owner(self._slot))
        try:
            await calls.make_ready()
        except (*REDIS_AWAY, OSError):
            # nothing was sent: a replica may have taken over while nobody trained
            await self._topology.refresh()
            calls = await self._switch_to(await self._topology.find_owner(self._slot))
        try:
            return await calls.call(call)
        except MovedError as moved:
            calls = await self._switch_to(self._topology.move(self._slot, moved, self._address))
            return await calls.call(call)

    async def drop(self) -> None:
        """Give up the connection, and have the map of the cluster refreshed."""
        self._topology.invalidate()
        if self._calls is not None:
            await self._calls.drop()

    async def close(self) -> None:
        if self._calls is not None:
            await self._calls.close()

    async def _switch_to(self, address: Address) -> SingleServerCalls:
        if self._calls is None or address != self._address:
            if self._calls is not None:
                await self._calls.drop()
            self._address, self._calls = (
                address,
                SingleServerCalls(self._topology.get_pool(address), self._script),
            )
        return self._calls


class CallTarget:
    """Where an event loop's calls of a script go: a single server, or a node for each hash tag."""

    def __init__(self, url: str, script: LuaScript) -> None:
        self.topology = ClusterTopology(url) if is_redis_cluster(url) else None
        self._pool = None if self.topology else connect_to_redis_async(url).connection_pool
        self._script = script

    def number_lane(self, tag: int) -> int:
        """Return which lane takes the calls about a hash tag: 0 for all, or the tag's own."""
        return tag if self.topology else 0

    def open_lane(self, number: int) -> SingleServerCalls | ClusterCalls:
        """Return a lane's calls, on a connection of their own."""
        if self.topology:
            return ClusterCalls(self.topology, slot_of_hash_tag(number), self._script)
        return SingleServerCalls(self._pool, self._script)

    async def close(self) -> None:
        """Disconnect from what is asked for the way; the lanes close their own connections."""
        if self.topology:
            await self.topology.close()
        elif isinstance(self._pool, SentinelConnectionPool):
            await self._pool.sentinel_manager.aclose()
