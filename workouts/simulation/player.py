"""Sends an athlete's frames, honest or not, to a running service, each at its time."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import websockets

from workouts.client.connection import build_client_socket_url, read_client_clock_ms
from workouts.simulation.behaviours.frames import SimulatedRep

SENIM_V1 = websockets.Subprotocol("senim.v1")
ANSWER_TIMEOUT_S = 10.0
VERDICTS = ("rep_ack", "error")
ANSWERS = (*VERDICTS, "finished")


class Player:
    """An athlete with a socket for each device, and a plain one for frames without a device."""

    def __init__(self, url: str, user_id: str, exercise: str) -> None:
        self._address = build_client_socket_url(url, user_id)
        self._exercise = exercise

    async def play(self, frames: Sequence[SimulatedRep]) -> Counter[str]:
        """Send all frames, and count their answers by reason, status or error code."""
        async with contextlib.AsyncExitStack() as stack:
            devices = sorted({frame.device for frame in frames})
            sockets = {
                device: await stack.enter_async_context(self._connected(device))
                for device in devices
            }
            counts: Counter[str] = Counter()
            for frame in frames:
                counts[frame.device] += 2 if frame.then_finish else 1
            hearing = [
                asyncio.create_task(self._hear(sockets[device], counts[device]))
                for device in devices
            ]
            await self._send(frames, sockets)
            return sum(await asyncio.gather(*hearing), Counter())

    @contextlib.asynccontextmanager
    async def _connected(self, device: str) -> AsyncIterator[websockets.ClientConnection]:
        async with websockets.connect(
            self._address, subprotocols=[SENIM_V1] if device else None, max_queue=None
        ) as socket:
            if device:
                await socket.send(
                    json.dumps({"event": "hello", "device": device, "now": read_client_clock_ms()})
                )
                while (
                    json.loads(await asyncio.wait_for(socket.recv(), ANSWER_TIMEOUT_S))["event"]
                    != "hello"
                ):
                    pass
            yield socket

    async def _send(
        self, frames: Sequence[SimulatedRep], sockets: dict[str, websockets.ClientConnection]
    ) -> None:
        first_ms = frames[0].arrival_ms  # reps made before it have times in the past
        clock = asyncio.get_running_loop().time
        began, began_ms = clock(), read_client_clock_ms() - first_ms
        for frame in frames:
            await asyncio.sleep(max(0.0, began + (frame.arrival_ms - first_ms) / 1000 - clock()))
            exercise, socket = frame.exercise or self._exercise, sockets[frame.device]
            rep: dict[str, Any] = {"event": "rep_detected", "type": exercise}
            if frame.device:
                rep["seq"] = frame.seq
            if frame.at_ms is not None:
                rep["at"] = began_ms + frame.at_ms
            await socket.send(json.dumps(rep))
            if frame.then_finish:
                await socket.send(json.dumps({"event": "finish", "type": exercise}))

    async def _hear(self, socket: websockets.ClientConnection, count: int) -> Counter[str]:
        verdicts: Counter[str] = Counter()
        while count > 0:
            answer = json.loads(await socket.recv())
            count -= answer["event"] in ANSWERS
            if answer["event"] in VERDICTS:
                verdicts[answer.get("reason") or answer.get("status") or answer["code"]] += 1
        return verdicts
