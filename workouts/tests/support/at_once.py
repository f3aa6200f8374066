"""The same act in several threads at once, each with a database connection of its own."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

WAIT_S = 60


def run_at_once(act: Callable[[], Any], times: int) -> list[Any]:
    """Return what the calls returned or raised, in the order in which they ended."""
    results: list[Any] = []
    all_there = threading.Barrier(times, timeout=WAIT_S)

    def run() -> None:
        all_there.wait()
        try:
            results.append(act())
        except Exception as error:
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
        assert not thread.is_alive()
    return results
