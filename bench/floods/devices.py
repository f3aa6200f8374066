"""Attacks with senim.v1 sockets."""

import asyncio
import time
from contextlib import suppress
from functools import partial

from bench.floods.attack import Attack, Client
from bench.floods.sockets import pour_and_hear
from workouts.simulation.raw_socket import SimulatedRawSocket, build_simulated_text

GONE_BYTES = 2**20
GONE_DRAIN_S, GONE_PAUSE_S = 2.0, 0.5
MESSAGES = {
    "hello": '{"event":"hello","device":"d","now":1763839190000}',
    "status": '{"event":"status"}',
    "finish": '{"event":"finish","type":"squat"}',
    "seq": '{"event":"rep_detected","seq":1}',  # a duplicate, after the first one
}


def flood_with(message: str) -> Client:
    """Return a client that sends one kind of message as fast as it is read."""
    return partial(flood_messages, build_simulated_text(MESSAGES[message]))


def leave_after(message: str) -> Client:
    """Return a client that sends 1 MB of a message at once, goes, and comes again."""
    return partial(send_and_go, build_simulated_text(MESSAGES[message]))


async def flood_messages(frame: bytes, attack: Attack, which: int) -> None:
    async with await open_device(attack, which) as socket:
        await pour_and_hear(attack, socket, frame * 50, "messages", 50)


async def send_and_go(frame: bytes, attack: Attack, which: int) -> None:
    async with await open_device(attack, which) as socket:
        socket.send(frame * (GONE_BYTES // len(frame)))
        with suppress(TimeoutError):
            async with asyncio.timeout(GONE_DRAIN_S):
                await socket.writer.drain()
        await asyncio.sleep(GONE_PAUSE_S)
        attack.done["gone"] += 1


async def open_device(attack: Attack, which: int) -> SimulatedRawSocket:
    """Return a socket that has said hello."""
    socket = await attack.connect(f"device{which}", "senim.v1")
    try:
        now_ms = time.time_ns() // 1_000_000
        socket.send(build_simulated_text({"event": "hello", "device": "d", "now": now_ms}))
        await socket.hear_answer()
    except BaseException:
        socket.abort()
        raise
    return socket
