"""Which node of a Redis Cluster owns which hash slot.

Not redis-py's cluster client: if one node is down, that client disconnects the others or makes
their commands wait while it rereads the map, and answers in flight are lost. Here only a caller
that has no map at all waits for one.
"""

import asyncio
import random
import time
from bisect import bisect_right
from typing import Any

from redis.exceptions import MovedError, RedisClusterException

from workouts.live.clients import REDIS_AWAY, connect_to_redis_node, read_redis_hosts

Address = tuple[str, int]

ASK_TIMEOUT_S = 0.5  # if one node hangs, there is time to ask another within a batch's deadline
REFRESH_EVERY_S = 0.25  # bounds what a failover costs the nodes that are left


class ClusterTopology:
    """The map from slots to nodes, for one event loop."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._known: set[Address] = set(read_redis_hosts(url))
        self._starts: list[int] = []
        self._owners: list[Address] = []
        self._moved: dict[int, Address] = {}
        self._pools: dict[Address, Any] = {}
        self._refreshing: asyncio.Task[None] | None = None
        self._refreshed_at = float("-inf")

    def get_pool(self, address: Address) -> Any:
        """Return the pool that makes connections to the node."""
        pool = self._pools.get(address)
        if pool is None:
            pool = self._pools[address] = connect_to_redis_node(self._url, *address).connection_pool
        return pool

    async def find_owner(self, slot: int) -> Address:
        """Return the node that owns the slot, as far as is known.

        Raises RedisClusterException if there is no map and no node answers.
        """
        if not self._owners:
            await self.refresh()
        return self._moved.get(slot) or self._owners[bisect_right(self._starts, slot) - 1]

    def move(self, slot: int, moved: MovedError, told_by: Address) -> Address:
        """Note a node's answer that it does not own the slot, and return the node that does."""
        address = self._moved[slot] = (moved.host or told_by[0], moved.port)
        self.invalidate()
        return address

    def invalidate(self) -> None:
        """Refresh the map in the background, unless it is fresh."""
        if self._refreshing is None and time.monotonic() - self._refreshed_at > REFRESH_EVERY_S:
            self._refreshing = asyncio.get_running_loop().create_task(self._ask_nodes())
            self._refreshing.add_done_callback(self._end_refresh)

    async def refresh(self) -> None:
        """Wait for a map at most 250 ms old. Raises RedisClusterException if no node answers."""
        self.invalidate()
        if self._refreshing is not None:
            await asyncio.shield(self._refreshing)
        if not self._owners:
            raise RedisClusterException("no node of the cluster answers")

    async def close(self) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait([self._refreshing])

    def _end_refresh(self, task: asyncio.Task[None]) -> None:
        self._refreshing = None
        self._refreshed_at = time.monotonic()

    async def _ask_nodes(self) -> None:
        """Take the map of the first node that has one.

        If it is wrong, the first MOVED or refused connection shows it.
        """
        known = list(self._known)
        random.shuffle(known)
        for address in known:
            try:
                async with asyncio.timeout(ASK_TIMEOUT_S):
                    ranges = await self._ask(address)
            except (*REDIS_AWAY, OSError, TimeoutError):
                continue
            if ranges:
                self._take_map(ranges, address)
                return

    async def _ask(self, address: Address) -> list[Any]:
        connection = self.get_pool(address).make_connection()
        try:
            await connection.connect()
            await connection.send_command("CLUSTER", "SLOTS")
            return list(await connection.read_response())
        finally:
            await connection.disconnect()

    def _take_map(self, ranges: list[Any], told_by: Address) -> None:
        """Replace the map by an answer to CLUSTER SLOTS.

        Each range is its first and last slot, its master and its replicas; a node is host, port
        and more.
        """
        ranges = sorted(ranges, key=lambda entry: entry[0])
        self._starts = [entry[0] for entry in ranges]
        # an empty host means the node that was asked
        masters_first = [
            [((node[0] or b"").decode() or told_by[0], node[1]) for node in entry[2:]]
            for entry in ranges
        ]
        self._owners = [nodes[0] for nodes in masters_first]
        self._known |= {node for nodes in masters_first for node in nodes}
        self._moved.clear()
