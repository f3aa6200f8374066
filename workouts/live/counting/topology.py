"""Which node of a Redis Cluster has which hash slot.

Not redis-py's client: where one node is away, that disconnects the others or makes their commands wait while it looks
around, and the answers on their way are lost. Here nobody waits for the map but who has none.
"""

import asyncio
import random
import time
from bisect import bisect_right
from typing import Any

from redis.exceptions import MovedError, RedisClusterException

from workouts.live.clients import REDIS_AWAY, connect_node, read_hosts

Address = tuple[str, int]

ASK_TIMEOUT_S = 0.5  # one node that hangs leaves time to ask another within the deadline of a batch
LOOK_EVERY_S = 0.25  # bounds what a failover costs the nodes that are left


class Topology:
    """The map from slots to nodes, for one event loop."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._known: set[Address] = set(read_hosts(url))
        self._starts: list[int] = []
        self._owners: list[Address] = []
        self._moved: dict[int, Address] = {}
        self._pools: dict[Address, Any] = {}
        self._looking: asyncio.Task[None] | None = None
        self._looked_at = float("-inf")

    def pool(self, address: Address) -> Any:
        """Return what makes connections to the node."""
        pool = self._pools.get(address)
        if pool is None:
            pool = self._pools[address] = connect_node(self._url, *address).connection_pool
        return pool

    async def find_owner(self, slot: int) -> Address:
        """Return the node that has the slot, as far as is known. Raises RedisClusterException where no node can be asked."""
        if not self._owners:
            await self.look_again()
        return self._moved.get(slot) or self._owners[bisect_right(self._starts, slot) - 1]

    def move(self, slot: int, moved: MovedError, told_by: Address) -> Address:
        """Note what a node said of a slot that it does not have, and return the node that has it."""
        address = self._moved[slot] = (moved.host or told_by[0], moved.port)
        self.doubt()
        return address

    def doubt(self) -> None:
        """Ask for the map again, in the background: something is not as it says."""
        if self._looking is None and time.monotonic() - self._looked_at > LOOK_EVERY_S:
            self._looking = asyncio.get_running_loop().create_task(self._look_around())
            self._looking.add_done_callback(self._looked)

    async def look_again(self) -> None:
        """Wait for a map that is at most 250 ms old. Raises RedisClusterException where no node answers."""
        self.doubt()
        if self._looking is not None:
            await asyncio.shield(self._looking)
        if not self._owners:
            raise RedisClusterException("no node of the cluster answers")

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    def _looked(self, task: asyncio.Task[None]) -> None:
        self._looking = None
        self._looked_at = time.monotonic()

    async def _look_around(self) -> None:
        """Take the map of the first node that has one: a wrong one is noticed at its first MOVED or refused connection."""
        known = list(self._known)
        random.shuffle(known)
        for address in known:
            try:
                async with asyncio.timeout(ASK_TIMEOUT_S):
                    ranges = await self._ask(address)
            except (*REDIS_AWAY, OSError, TimeoutError):
                continue
            if ranges:
                self._learn(ranges, address)
                return

    async def _ask(self, address: Address) -> list[Any]:
        connection = self.pool(address).make_connection()
        try:
            await connection.connect()
            await connection.send_command("CLUSTER", "SLOTS")
            return list(await connection.read_response())
        finally:
            await connection.disconnect()

    def _learn(self, ranges: list[Any], told_by: Address) -> None:
        """Take in the answer of CLUSTER SLOTS: first slot, last slot, master, replicas; a node is host, port and more."""
        ranges = sorted(ranges, key=lambda entry: entry[0])
        self._starts = [entry[0] for entry in ranges]
        # an empty host is the one that was asked
        masters_first = [
            [((node[0] or b"").decode() or told_by[0], node[1]) for node in entry[2:]]
            for entry in ranges
        ]
        self._owners = [nodes[0] for nodes in masters_first]
        self._known |= {node for nodes in masters_first for node in nodes}
        self._moved.clear()
