"""Redis clients for every kind of address: one server, Sentinel, or a cluster.

No client here tries a command again by itself: a late answer would count a rep twice. Protocol 2, since the
push messages of protocol 3 can be taken for the answer to a command (redis-py 8.1, issue 4252).
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
SENTINEL_TIMEOUT_S = (
    0.5  # two of three may hang, and the third is still asked within the deadline of a batch
)
FIRST_TRIES = 3
DEFAULT_PORTS = {"redis+cluster": 6379, "redis+sentinel": 26379}
COMMON: dict[str, Any] = {
    "protocol": 2,
    "socket_connect_timeout": CONNECT_TIMEOUT_S,
    "socket_keepalive": True,
}

# a cluster that is away raises an error that is no RedisError
REDIS_AWAY = (redis.RedisError, RedisClusterException)

# redis-py's own types for the clients are not generic enough to be of help
SyncClient = Any
AsyncClient = Any


def is_cluster(url: str) -> bool:
    """Return whether the address is a Redis Cluster's."""
    return urlsplit(url).scheme == "redis+cluster"


def connect(url: str) -> SyncClient:
    """Return a thread-safe client that waits at most 2 s for an answer; it connects at the first command."""
    options = {**COMMON, "socket_timeout": COMMAND_TIMEOUT_S, "retry": Retry(NoBackoff(), 0)}
    if is_cluster(url):
        nodes = [ClusterNode(host, port) for host, port in read_hosts(url)]
        # what a new client asks first, it may ask again: the first node that it comes across may be the one that is away
        client = redis.RedisCluster(
            startup_nodes=nodes,
            **credentials(url),
            **options | {"retry": Retry(NoBackoff(), FIRST_TRIES)},
        )
        client.set_retry(options["retry"])
        return client
    if urlsplit(url).scheme == "redis+sentinel":
        asks = {
            **options,
            "socket_timeout": SENTINEL_TIMEOUT_S,
            "socket_connect_timeout": SENTINEL_TIMEOUT_S,
        }
        sentinel = redis.Sentinel(
            read_hosts(url), sentinel_kwargs=asks, **credentials(url), **options
        )
        return sentinel.master_for(service_name(url))
    return redis.Redis.from_url(url, **without_keepalive(url, options))


def connect_async(url: str) -> AsyncClient:
    """Return a client of one server for one event loop, without a timeout of its own: the caller has a deadline for each batch.

    Not for a cluster: see topology.py.
    """
    options: dict[str, Any] = {
        **COMMON,
        "socket_timeout": None,
        "retry": AsyncRetry(NoBackoff(), 0),
    }
    if urlsplit(url).scheme == "redis+sentinel":
        asks = {
            **options,
            "socket_timeout": SENTINEL_TIMEOUT_S,
            "socket_connect_timeout": SENTINEL_TIMEOUT_S,
        }
        sentinel = aioredis.Sentinel(
            read_hosts(url), sentinel_kwargs=asks, **credentials(url), **options
        )
        return sentinel.master_for(service_name(url))
    return aioredis.Redis.from_url(url, **without_keepalive(url, options))


def connect_node(url: str, host: str, port: int) -> AsyncClient:
    """Return a client of one node of the cluster, for one event loop, without a timeout of its own."""
    return aioredis.Redis(
        host=host,
        port=port,
        **credentials(url),
        **COMMON,
        retry=AsyncRetry(NoBackoff(), 0),
        socket_timeout=None,
    )


def read_hosts(url: str) -> list[tuple[str, int]]:
    """Return the hosts and ports of `scheme://[user:password@]host[:port][,host[:port]…]/…`."""
    parts = urlsplit(url)
    hosts = []
    for item in parts.netloc.rpartition("@")[2].split(","):
        host, _, port = item.partition(":")
        hosts.append((host, int(port) if port else DEFAULT_PORTS[parts.scheme]))
    return hosts


def credentials(url: str) -> dict[str, Any]:
    """Return the user name and password of an address with several hosts."""
    user, _, password = urlsplit(url).netloc.rpartition("@")[0].partition(":")
    return {name: value for name, value in (("username", user), ("password", password)) if value}


def service_name(url: str) -> str:
    """Return the name of the master that the Sentinels watch: the path of the address."""
    return urlsplit(url).path.strip("/") or "mymaster"


def without_keepalive(url: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options for the address: a unix socket takes neither keepalive."""
    return {
        key: value
        for key, value in options.items()
        if key != "socket_keepalive" or urlsplit(url).scheme != "unix"
    }
