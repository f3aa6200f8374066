"""Attacks with plain sockets."""

import asyncio
import random

from bench.floods.attack import Attack
from workouts.simulation.raw_socket import Opcode, SimulatedRawSocket, build_simulated_frame

REP = build_simulated_frame(Opcode.TEXT, b'{"event":"rep_detected","type":"squat"}')
PING = build_simulated_frame(Opcode.PING, b"p" * 125)
EMPTY_START = build_simulated_frame(Opcode.TEXT, is_final=False)
EMPTY = build_simulated_frame(Opcode.CONTINUATION, is_final=False)


async def hold_idle(attack: Attack, which: int) -> None:
    """Send nothing but pongs."""
    async with await attack.connect(f"idle{which}") as socket:
        attack.done["open"] += 1
        while True:
            await socket.hear_text()


async def never_read(attack: Attack, which: int) -> None:
    async with await attack.connect(f"slow{which}") as socket:
        socket.writer.transport.pause_reading()
        await attack.pour(socket.writer, REP * 500, "reps", 500)


async def flood_reps(attack: Attack, which: int) -> None:
    """Send reps as fast as they are read, and read the answers."""
    async with await attack.connect(f"flood{which}") as socket:
        await pour_and_hear(attack, socket, REP * 100, "reps", 100)


async def flood_pings(attack: Attack, which: int) -> None:
    """Send pings, and read no pong."""
    async with await attack.connect(f"ping{which}") as socket:
        socket.writer.transport.pause_reading()
        await attack.pour(socket.writer, PING * 500, "pings", 500)


async def flood_empty_fragments(attack: Attack, which: int) -> None:
    """Send a message in fragments of no bytes that never ends."""
    async with await attack.connect(f"empty{which}") as socket:
        socket.send(EMPTY_START)
        await pour_and_hear(attack, socket, EMPTY * 5000, "fragments", 5000)


async def flood_empty_messages(attack: Attack, which: int) -> None:
    """Send empty messages, each of which is an error."""
    async with await attack.connect(f"nothing{which}") as socket:
        await pour_and_hear(
            attack, socket, build_simulated_frame(Opcode.TEXT) * 1000, "messages", 1000
        )


async def connect_often(attack: Attack, which: int) -> None:
    while attack.is_on():
        async with await attack.connect(f"conn{random.randrange(10**6)}"):
            attack.done["sockets"] += 1


async def watch_as_nobody(attack: Attack, which: int) -> None:
    """Open the live wall's socket without a session, again and again."""
    while attack.is_on():
        async with await SimulatedRawSocket.connect(attack.url, "/ws/live") as socket:
            closed = await socket.hear_close()
            attack.done[f"closed {closed.code}"] += 1


async def pour_and_hear(
    attack: Attack, socket: SimulatedRawSocket, data: bytes, name: str, number: int
) -> None:
    """Write the data again and again, and read the answers, until the socket is closed."""
    pouring = asyncio.create_task(attack.pour(socket.writer, data, name, number))
    try:
        while True:
            await socket.hear_text()
            attack.done["answers"] += 1
    finally:
        pouring.cancel()
        await asyncio.gather(pouring, return_exceptions=True)
