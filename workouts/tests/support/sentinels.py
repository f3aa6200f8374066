"""A real Sentinel set-up, with the embedded Valkey's binary."""

import functools

import redis

from workouts.tests.support.redis_servers import (
    NODE_TIMEOUT_MS,
    Fleet,
    Node,
    stopped_at_exit,
    wait_until,
)
from workouts.tests.support.run import fresh_folder

SERVICE = "workouts"


class SentinelNode(Node):
    """A Sentinel, which keeps its state in its configuration file."""

    def watch(self, master: Node) -> None:
        (self.folder / "sentinel.conf").write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {self.folder}\n"
            f"sentinel monitor {SERVICE} 127.0.0.1 {master.port} 2\n"
            f"sentinel down-after-milliseconds {SERVICE} {NODE_TIMEOUT_MS // 2}\n"
            f"sentinel failover-timeout {SERVICE} 3000\n"
        )

    def arguments(self) -> list[str]:
        return [str(self.folder / "sentinel.conf"), "--sentinel"]

    def is_ready(self) -> bool:
        """Return whether it knows the replicas and the other Sentinels, and no failover runs."""
        try:
            state = self.client.sentinel_master(SERVICE)
        except (redis.RedisError, OSError):
            return False
        return (state["num-slaves"], state["num-other-sentinels"], state["flags"]) == (
            2,
            2,
            "master",
        )


class SentinelSet(Fleet):
    """A master with two replicas, and three Sentinels that watch it."""

    def __init__(self, *options: str) -> None:
        folder = fresh_folder()
        self.nodes = [Node(folder, *options) for _ in range(3)]
        self.sentinels = [SentinelNode(folder) for _ in range(3)]
        self.url = f"redis+sentinel://{','.join(node.address for node in self.sentinels)}/{SERVICE}"

    def start(self) -> "SentinelSet":
        """Start the servers and the Sentinels. Raises TimeoutError if they cannot."""
        self.on_all(Node.start)
        wait_until(lambda: all(self.on_all(Node.answers)), "the servers to answer")
        for replica in self.nodes[1:]:
            replica.client.replicaof("127.0.0.1", self.nodes[0].port)
        wait_until(lambda: all(node.follows() for node in self.nodes[1:]), "the replicas to follow")
        for sentinel in self.sentinels:
            sentinel.watch(self.nodes[0])
            sentinel.start()
        self.wait_whole()
        return self

    def stop(self) -> None:
        super().stop()
        for sentinel in self.sentinels:
            sentinel.kill()
            sentinel.client.close()

    def wait_whole(self) -> None:
        """Wait until both replicas have caught up and all Sentinels know them."""
        wait_until(self.is_whole, "the Sentinels and the replicas to be at work")

    def mend(self) -> None:
        """Reattach replicas after a failover, as the Sentinels would after 10 s."""
        wait_until(lambda: all(self.on_all(Node.answers)), "the servers to answer")
        _, port = self.sentinels[0].client.sentinel_get_master_addr_by_name(SERVICE)
        for node in self.nodes:
            if node.port != port and node.replication().get("master_port") != port:
                node.client.replicaof("127.0.0.1", port)
        self.wait_whole()

    def is_whole(self) -> bool:
        followers = [node for node in self.nodes if node.follows()]
        return (
            len(self.masters()) == 1
            and len(followers) == 2
            and all(sentinel.is_ready() for sentinel in self.sentinels)
        )


@functools.cache
def shared_sentinels() -> SentinelSet:
    """Return this worker's Sentinel set-up, which no test may harm."""
    return stopped_at_exit(SentinelSet())
