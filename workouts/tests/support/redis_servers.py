"""Real Redis servers and a real Redis Cluster, with the embedded Valkey's binary."""

import atexit
import functools
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import redis
from redis.crc import key_slot

from senim.embedded.processes import die_with_parent
from senim.embedded.valkey import DURABLE, find_embedded_valkey
from workouts.tests.support.run import free_port, fresh_folder

START_DEADLINE_S = 60.0
FAILOVER_DEADLINE_S = 60.0
NODE_TIMEOUT_MS = 2000
MASTERS = 3
SLOTS = 16384


class Node:
    """A server on its own port that can be killed, frozen, and restarted on its data."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.folder = folder / str(self.port)
        self.folder.mkdir()
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None
        self.client = redis.Redis(
            port=self.port, socket_timeout=2, protocol=2, decode_responses=True
        )

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the process, which ends with this thread: that must be the main one."""
        assert threading.current_thread() is threading.main_thread()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [find_embedded_valkey(), *self.arguments()],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

    def arguments(self) -> list[str]:
        address = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        return [*address, "--save", "", "--repl-diskless-sync-delay", "0", *DURABLE, *self.options]

    def kill(self) -> None:
        """End the process with SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def hang(self) -> None:
        """Freeze the process: its connections stay open, and nothing answers."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except (redis.RedisError, OSError):
            return False

    def replication(self) -> dict[str, Any]:
        """Return INFO replication, empty if the node does not answer."""
        try:
            return dict(self.client.info("replication"))
        except (redis.RedisError, OSError):
            return {}

    def is_master(self) -> bool:
        return self.replication().get("role") == "master"

    def follows(self) -> bool:
        """Return whether this replica has caught up with its master."""
        return self.replication().get("master_link_status") == "up"


class Fleet:
    """Nodes that belong together."""

    nodes: list[Node]

    def masters(self) -> list[Node]:
        return [node for node in self.nodes if node.is_master()]

    def stop(self) -> None:
        for node in self.nodes:
            node.kill()
            node.client.close()

    def on_all(self, act: Callable[[Node], Any]) -> list[Any]:
        return [act(node) for node in self.nodes]


class Cluster(Fleet):
    """Three masters with a replica each; they go on without each other, as docs/redis.md says."""

    def __init__(self, *options: str) -> None:
        folder = fresh_folder()
        cluster = [
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            str(NODE_TIMEOUT_MS),
            "--cluster-require-full-coverage",
            "no",
        ]
        self.nodes = []
        for _ in range(2 * MASTERS):
            bus = ["--cluster-port", str(free_port())]
            self.nodes.append(Node(folder, *cluster, *bus, *options))
        self.url = f"redis+cluster://{','.join(node.address for node in self.nodes[:2])}"

    def start(self) -> "Cluster":
        """Start the nodes and join them into a cluster. Raises TimeoutError."""
        self.on_all(Node.start)
        wait_until(lambda: all(self.on_all(Node.answers)), "the nodes of the cluster to answer")
        masters = self.nodes[:MASTERS]
        bounds = [SLOTS * number // MASTERS for number in range(MASTERS + 1)]
        for number, node in enumerate(self.nodes):
            node.client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
            if number < MASTERS:
                node.client.execute_command(
                    "CLUSTER ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1
                )
            for other in self.nodes[:number]:
                bus = other.options[other.options.index("--cluster-port") + 1]
                node.client.execute_command("CLUSTER MEET", "127.0.0.1", other.port, bus)
        wait_until(lambda: all(self.on_all(self._knows_all)), "the nodes to know each other")
        for master, replica in zip(masters, self.nodes[MASTERS:], strict=True):
            # a node that does not know the master yet refuses
            wait_until(
                functools.partial(self._replicate, replica, master), "a replica to take its master"
            )
        self.wait_whole()
        return self

    def wait_whole(self) -> None:
        """Wait until all nodes agree on three masters whose replicas have caught up."""
        wait_until(self.is_whole, "the cluster to be whole")

    def mend(self) -> None:
        self.wait_whole()

    def is_whole(self) -> bool:
        masters = self.masters()
        replicas = [node for node in self.nodes if node.follows()]
        return len(masters) == MASTERS == len(replicas) and all(self.on_all(self._sees_all_well))

    def owner_of(self, key: bytes) -> Node:
        """Return the master of the key's slot, according to any node that answers."""
        slot = key_slot(key)
        for asked in self.nodes:
            if asked.answers():
                for first, last, master, *_ in asked.client.execute_command("CLUSTER SLOTS"):
                    if first <= slot <= last:
                        return next(node for node in self.nodes if node.port == int(master[1]))
        raise LookupError(f"no node has slot {slot}")

    @staticmethod
    def _replicate(replica: Node, master: Node) -> bool:
        try:
            return bool(
                replica.client.execute_command(
                    "CLUSTER REPLICATE", master.client.execute_command("CLUSTER MYID")
                )
            )
        except redis.ResponseError:
            return False

    def _knows_all(self, node: Node) -> bool:
        info = node.client.execute_command("CLUSTER INFO")
        return info["cluster_known_nodes"] == str(len(self.nodes)) and info["cluster_state"] == "ok"

    def _sees_all_well(self, node: Node) -> bool:
        flags = [
            str(seen["flags"]) for seen in node.client.execute_command("CLUSTER NODES").values()
        ]
        replicas = sum("slave" in flag for flag in flags)
        return (
            len(flags) == len(self.nodes)
            and replicas == MASTERS
            and not any("fail" in flag for flag in flags)
        )


def wait_until(
    holds: Callable[[], object], what: str, *, deadline_s: float = START_DEADLINE_S
) -> None:
    """Ask until the condition holds. Raises TimeoutError, naming `what` it waited for."""
    deadline = time.monotonic() + deadline_s
    while not holds():
        if time.monotonic() > deadline:
            give_up(what, deadline_s)
        time.sleep(0.05)


def give_up(what: str, deadline_s: float) -> NoReturn:
    raise TimeoutError(f"waited {deadline_s:.0f} s for {what}")


@functools.cache
def shared_cluster() -> Cluster:
    """Return this worker's cluster, which no test may harm."""
    return stopped_at_exit(Cluster())


def stopped_at_exit(fleet: Any) -> Any:
    atexit.register(fleet.stop)
    return fleet.start()
