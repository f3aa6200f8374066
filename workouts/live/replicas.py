"""Waiting until replicas have a seal on disk, and finding what a failover could lose."""

import time
from typing import Any, NamedTuple

import redis
from redis.exceptions import NoPermissionError, NoScriptError
from redis.sentinel import SentinelConnectionPool

from workouts.live import scripts
from workouts.live.clients import REDIS_AWAY, SyncClient
from workouts.log_limits import limit_log
from workouts.outages import log_outage

WANTED = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
MIN_REPLICAS = "min-replicas-to-write"
LOOK_EVERY_S = 10.0  # a running server may gain or lose replicas
WAIT_MS, WAIT_AOF_MS = 300, 1000  # together below the client's command timeout of 2 s


class RedisCopies(NamedTuple):
    """How many disks must have a seal: the server's own (0 or 1) and its replicas'."""

    local: int
    replicas: int


class SealReplicaWait:
    """Runs a script and waits until its writes are on the disks of the server and its replicas."""

    def __init__(self, client: SyncClient) -> None:
        self._client = client
        self._looked: dict[str, tuple[float, RedisCopies | None]] = {}

    def run(
        self, script: scripts.LuaScript, keys: tuple[bytes, ...], args: tuple[bytes, ...]
    ) -> Any | None:
        """Run the script, which must be safe to repeat, and return its answer.

        Return None if there is nothing to wait for or another server may have the keys by now: then
        the caller has to run the script without waiting. If the writes are not on enough disks in
        time, that is logged: until the row is saved, a failover could lose the session. Raises
        redis.RedisError if the server cannot be asked.
        """
        name, server = find_redis_server_of_key(self._client, keys[0])
        try:
            return self._run(name, server, script, keys, args)
        except redis.TimeoutError:
            if server is self._client:
                raise  # the caller's own try would wait as long
            return None
        except redis.ConnectionError:
            # the caller's own try finds out whether a replica took over
            return None

    def _run(
        self,
        name: str,
        server: SyncClient,
        script: scripts.LuaScript,
        keys: tuple[bytes, ...],
        args: tuple[bytes, ...],
    ) -> Any | None:
        copies = self._copies(name, server)
        if copies is None:
            return None
        answer, *waits = send_and_wait_for_redis_replicas(
            server, copies, (b"EVALSHA", script.sha, len(keys), *keys, *args)
        )
        if isinstance(answer, NoScriptError):
            answer, *waits = send_and_wait_for_redis_replicas(
                server, copies, (b"EVAL", script.text, len(keys), *keys, *args)
            )
        if isinstance(answer, redis.RedisError):
            # nothing was written: the caller's own try follows the keys, or raises the error
            return None
        self._check(name, copies, waits[-1])
        return answer

    def _copies(self, name: str, server: SyncClient) -> RedisCopies | None:
        looked_at, copies = self._looked.get(name, (float("-inf"), None))
        if time.monotonic() - looked_at > LOOK_EVERY_S:
            copies = read_redis_copies(server)
            self._looked[name] = (time.monotonic(), copies)
        return copies

    def _check(self, name: str, copies: RedisCopies, reached: Any) -> None:
        if isinstance(reached, redis.RedisError):
            if cannot_wait_for_redis_replicas(reached):
                self._looked[name] = (float("inf"), None)
            else:
                # the server changed its role meanwhile: look again
                self._looked.pop(name, None)
            log_outage("replica_wait_failed", reached)
        elif reached[0] < copies.local or reached[1] < copies.replicas:
            limit_log(
                "seal_not_replicated",
                disks=reached[0],
                replicas=reached[1],
                wanted=copies.replicas,
            )


def cannot_wait_for_redis_replicas(error: redis.RedisError) -> bool:
    """Return whether WAITAOF will never work: before Redis 7.2, or without the permission."""
    return isinstance(error, NoPermissionError) or str(error).lower().startswith(
        ("unknown command", "noperm", "user ")
    )


def send_and_wait_for_redis_replicas(
    server: SyncClient, copies: RedisCopies, command: tuple[Any, ...]
) -> list[Any]:
    """Send the command and the waits on one connection; return their answers or errors."""
    pipeline = server.pipeline(transaction=False)
    pipeline.execute_command(*command)
    if copies.replicas:
        # WAIT makes replicas acknowledge at once, and then WAITAOF finds the disks written. WAITAOF
        # alone has to wait for their next acknowledgement, up to a second later (Valkey 9.1: 975 ms
        # against 2 ms).
        pipeline.wait(copies.replicas, WAIT_MS)
    pipeline.waitaof(copies.local, copies.replicas, WAIT_AOF_MS)
    return list(pipeline.execute(raise_on_error=False))


def find_redis_server_of_key(client: SyncClient, key: bytes) -> tuple[str, SyncClient]:
    """Return the server that holds a key, and a name for it."""
    if not isinstance(client, redis.RedisCluster):
        return "", client
    node: Any = client.get_node_from_key(key.decode())
    return node.name, client.get_redis_connection(node)


def look_for_new_redis_master(client: SyncClient, error: redis.RedisError) -> bool:
    """Return whether another server may have taken over: then the next call looks for it."""
    if isinstance(client, redis.RedisCluster):
        return isinstance(error, redis.ConnectionError)
    pool = client.connection_pool
    if not isinstance(pool, SentinelConnectionPool):
        return False
    if str(error).startswith("NOREPLICAS"):
        # a replaced master that will not learn so for some seconds; its connections still work
        pool.disconnect(inuse_connections=False)
        return True
    return isinstance(error, redis.ConnectionError)


def connect_to_redis_masters(client: SyncClient) -> list[SyncClient]:
    """Return a client for each master; a single server counts as one."""
    if not isinstance(client, redis.RedisCluster):
        return [client]
    return [client.get_redis_connection(node) for node in client.get_primaries()]


def read_redis_copies(server: SyncClient) -> RedisCopies | None:
    """Return how many disks a write must reach, or None if there is nothing to wait for.

    Without replicas there is nothing: the server's own disk has the write before it answers.
    """
    if not count_redis_replicas(server):
        return None
    local = int(server.info("persistence").get("aof_enabled", 0))
    try:
        replicas = int(read_redis_config_value(server, MIN_REPLICAS))
    except (redis.ResponseError, ValueError):
        replicas = 0
    return RedisCopies(local, replicas) if local or replicas else None


def count_redis_replicas(server: SyncClient) -> int:
    return int(server.info("replication").get("connected_slaves", 0))


def read_redis_config_value(server: SyncClient, name: str) -> str:
    return str(server.config_get(name).get(name, "unknown"))


def find_redis_durability_gaps(client: SyncClient) -> list[str]:
    """Return what weakens "on disk before the ack, and still there after a failover".

    One sentence for each gap, over all masters. Raises redis.RedisError if a single server cannot
    be asked.
    """
    gaps: dict[str, None] = {}  # an ordered set
    servers = connect_to_redis_masters(client)
    for server in servers:
        try:
            gaps |= dict.fromkeys(find_durability_gaps_of_redis(server))
        except REDIS_AWAY:
            if len(servers) == 1:
                raise
            gaps["a master of the Redis Cluster does not answer: its settings are unknown"] = None
    return list(gaps)


def find_durability_gaps_of_redis(server: SyncClient) -> list[str]:
    try:
        found = {name: read_redis_config_value(server, name) for name in WANTED}
        gaps = [
            f"Redis has {name} {found[name]}, not {value}"
            for name, value in WANTED.items()
            if found[name] != value
        ]
        if count_redis_replicas(server) and read_redis_config_value(server, MIN_REPLICAS) in (
            "0",
            "unknown",
        ):
            gaps.append(
                f"Redis has replicas and {MIN_REPLICAS} 0: a master cut off from them goes on "
                "counting, and a failover loses those reps"
            )
    except redis.ResponseError as error:
        return [
            f"Redis does not show its configuration ({error}): acknowledged reps may not be on disk"
        ]
    return gaps
