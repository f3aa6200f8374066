"""Whether the limit of connections holds: see README.md."""

import asyncio
import contextlib
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.floods.stage import Stage, running_stage
from workouts.simulation.raw_socket import (
    SimulatedHandshakeRefused,
    SimulatedRawSocket,
    SocketClosed,
    build_simulated_text,
)

LIMIT = 20
SILENT_S = 15.0  # the deadlines are 10 s
STAYS_S = 1.0
REP = build_simulated_text({"event": "rep_detected"})


async def open_sockets(stage: Stage) -> tuple[Counter[str], bool]:
    """Open three times as many sockets as there may be.

    Returns what became of them, and whether the service answered GET / meanwhile.
    """
    ends: Counter[str] = Counter()
    async with contextlib.AsyncExitStack() as stack:
        sockets = []
        for number in range(3 * LIMIT):
            try:
                socket = await SimulatedRawSocket.connect(
                    stage.url, f"/ws/workout?user_id=limit{number}"
                )
            except SimulatedHandshakeRefused as refused:
                ends[f"refused {refused.status}"] += 1
            else:
                sockets.append(await stack.enter_async_context(socket))
        ends.update(await asyncio.gather(*(find_end(socket) for socket in sockets)))
        return ends, await asyncio.to_thread(stage.is_healthy)


async def find_end(socket: SimulatedRawSocket) -> str:
    try:
        async with asyncio.timeout(STAYS_S):
            closed = await socket.hear_close()
    except TimeoutError:
        return "open"
    return f"closed {closed.code}"


async def count_rep_after_silence(stage: Stage) -> bool:
    """Hold as many silent connections as there may be; return whether a rep counts afterwards."""
    silent = [await asyncio.open_connection("127.0.0.1", stage.port) for _ in range(LIMIT)]
    await asyncio.sleep(SILENT_S)
    try:
        async with await SimulatedRawSocket.connect(
            stage.url, "/ws/workout?user_id=after"
        ) as socket:
            socket.send(REP)
            return bool((await socket.hear_answer()).get("status") == "counted")
    except (SimulatedHandshakeRefused, SocketClosed, OSError, EOFError, TimeoutError):
        return False
    finally:
        for _, writer in silent:
            writer.transport.abort()


def find_failures(stage: Stage) -> Iterator[str]:
    ends, is_healthy = asyncio.run(open_sockets(stage))
    print(f"{3 * LIMIT} sockets at a limit of {LIMIT}: {dict(ends)}")
    if ends["open"] > LIMIT:
        yield f"{ends['open']} sockets are open"
    if not is_healthy:
        yield "GET / does not answer while the sockets are open"
    if not asyncio.run(count_rep_after_silence(stage)):
        yield f"no rep counts {SILENT_S:.0f} s after {LIMIT} silent connections"


def main() -> int:
    with (
        tempfile.TemporaryDirectory(prefix="senim-limits-") as folder,
        running_stage(Path(folder), SENIM_MAX_CONNECTIONS=str(LIMIT)) as stage,
    ):
        failures = list(find_failures(stage))
    print("\n".join(failures) or "the limits hold")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
