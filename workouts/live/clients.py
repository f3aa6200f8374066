"""Redis clients for every kind of address: a single server, Sentinel, or a cluster.

No client retries a command by itself: if only the answer was late, the rep would count twice. They
speak protocol 2, since redis-py 8.1 can mistake a protocol 3 push message for the answer to a
command (issue 4252).
"""

from typing import Any
from urllib.parse import urlsplit

import redis
import redis.asyncio as aioredis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode
from redis.exceptions import RedisClusterException
from redis.retry import Retry

CONNECT_TIMEOUT_S = 1.0
COMMAND_TIMEOUT_S = 2.0
# if two of three Sentinels hang, the third is still asked before a batch's deadline
SENTINEL_TIMEOUTS = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
FIRST_RETRIES = 3
DEFAULT_PORTS = {"redis+cluster": 6379, "redis+sentinel": 26379}
COMMON: dict[str, Any] = {
    "protocol": 2,
    "socket_connect_timeout": CONNECT_TIMEOUT_S,
    "socket_keepalive": True,
}

# an unavailable cluster raises an error that is not a RedisError
REDIS_AWAY = (redis.RedisError, RedisClusterException)

# redis-py's own types for clients are too loose to help
SyncClient = Any
AsyncClient = Any


def is_redis_cluster(url: str) -> bool:
    """Return whether this is the address of a Redis Cluster."""
    return urlsplit(url).scheme == "redis+cluster"


def connect_to_redis(url: str) -> SyncClient:
    """Return a thread-safe client. It connects at its first command and waits 2 s for answers."""
    options = {**COMMON, "socket_timeout": COMMAND_TIMEOUT_S, "retry": Retry(NoBackoff(), 0)}
    if is_redis_cluster(url):
        nodes = [ClusterNode(host, port) for host, port in read_redis_hosts(url)]
        # a new client may retry while it learns the cluster's layout: the node it happens to ask
        # first may be the one that is down
        client = redis.RedisCluster(
            startup_nodes=nodes,
            **read_redis_credentials(url),
            **options | {"retry": Retry(NoBackoff(), FIRST_RETRIES)},
        )
        client.set_retry(options["retry"])
        return client
    if urlsplit(url).scheme == "redis+sentinel":
        sentinel = redis.Sentinel(
            read_redis_hosts(url),
            sentinel_kwargs=options | SENTINEL_TIMEOUTS,
            **read_redis_credentials(url),
            **options,
        )
        return sentinel.master_for(read_sentinel_name(url))
    return redis.Redis.from_url(url, **redis_options_without_keepalive(url, options))


def connect_to_redis_async(url: str) -> AsyncClient:
    """Return a client for one event loop, for a single server or Sentinel.

    It has no timeout of its own: the caller sets a deadline for each batch. For a cluster see
    counting/topology.py.
    """
    options: dict[str, Any] = {
        **COMMON,
        "socket_timeout": None,
        "retry": AsyncRetry(NoBackoff(), 0),
    }
    if urlsplit(url).scheme == "redis+sentinel":
        sentinel = aioredis.Sentinel(
            read_redis_hosts(url),
            sentinel_kwargs=options | SENTINEL_TIMEOUTS,
            **read_redis_credentials(url),
            **options,
        )
        return sentinel.master_for(read_sentinel_name(url))
    return aioredis.Redis.from_url(url, **redis_options_without_keepalive(url, options))


def connect_to_redis_node(url: str, host: str, port: int) -> AsyncClient:
    """Return a client for one cluster node and one event loop, without a timeout of its own."""
    return aioredis.Redis(
        host=host,
        port=port,
        **read_redis_credentials(url),
        **COMMON,
        retry=AsyncRetry(NoBackoff(), 0),
        socket_timeout=None,
    )


def read_redis_hosts(url: str) -> list[tuple[str, int]]:
    """Return the hosts and ports in `scheme://[user:password@]host[:port][,host[:port]…]/…`."""
    parts = urlsplit(url)
    hosts = []
    for item in parts.netloc.rpartition("@")[2].split(","):
        host, _, port = item.partition(":")
        hosts.append((host, int(port) if port else DEFAULT_PORTS[parts.scheme]))
    return hosts


def read_redis_credentials(url: str) -> dict[str, Any]:
    """Return the user name and password in an address with several hosts."""
    user, _, password = urlsplit(url).netloc.rpartition("@")[0].partition(":")
    return {name: value for name, value in (("username", user), ("password", password)) if value}


def read_sentinel_name(url: str) -> str:
    """Return the name under which the Sentinels watch the master: the path of the address."""
    return urlsplit(url).path.strip("/") or "mymaster"


def redis_options_without_keepalive(url: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options for an address: unix sockets do not take keepalive."""
    return {
        key: value
        for key, value in options.items()
        if key != "socket_keepalive" or urlsplit(url).scheme != "unix"
    }
