"""What a service, its Redis and this process use between two moments."""

import os
import time
from types import TracebackType
from typing import NamedTuple, Self

import redis

from bench.processes import read_cpu_s, read_machine_cpu_s, read_tree_cpu_s
from bench.services import Service


class Reading(NamedTuple):
    """The time, and the CPU seconds so far."""

    at_s: float
    app_s: float
    redis_s: float
    own_s: float


class Window:
    """Measures what is used inside the context."""

    def __init__(self, service: Service) -> None:
        self._pid = service.pid
        self._redis: redis.Redis | None = None
        if service.redis_socket:
            self._redis = redis.Redis(unix_socket_path=service.redis_socket, protocol=2)
            self._redis.ping()  # a connection is made outside the window

    def __enter__(self) -> Self:
        self._others_s = self._read_others_s()
        self._began = self._read()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._used = Reading(*(a - b for a, b in zip(self._read(), self._began, strict=True)))
        self._others_s = self._read_others_s() - self._others_s
        if self._redis:
            self._redis.close()

    def figures(self, number: int) -> dict[str, float]:
        """Return what each of so many messages took.

        And this process's share of a core, and the share of the machine that was taken by what the
        benchmark has not started.
        """
        used = self._used
        return {
            "per_s": number / used.at_s,
            "cpu_us": used.app_s / number * 1e6,
            "redis_us": used.redis_s / number * 1e6,
            "load_share": used.own_s / used.at_s,
            "others_share": max(0.0, self._others_s) / used.at_s / (os.cpu_count() or 1),
        }

    def _read(self) -> Reading:
        return Reading(
            time.perf_counter(), read_cpu_s(self._pid), self._read_redis_s(), time.process_time()
        )

    def _read_others_s(self) -> float:
        return read_machine_cpu_s() - read_tree_cpu_s(os.getppid())

    def _read_redis_s(self) -> float:
        """Return the CPU seconds of Redis so far, without its forks that rewrite the file."""
        if self._redis is None:
            return 0.0
        used = self._redis.info("cpu")
        return float(used["used_cpu_sys"]) + float(used["used_cpu_user"])
