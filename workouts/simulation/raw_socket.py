"""A WebSocket client that may break every rule of RFC 6455, for tests and floods.

Other clients refuse to send what a server must survive.
"""

import asyncio
import base64
import json
import os
import struct
from collections.abc import Mapping
from contextlib import suppress
from enum import IntEnum
from typing import Any, Self
from urllib.parse import urlsplit

ANSWER_S = 30.0
NOT_MASKED = b"\0\0\0\0"  # a mask that changes nothing, and costs a flood nothing
NO_CLOSE_FRAME, NO_CLOSE_CODE = 1006, 1005  # as clients report them (RFC 6455, 7.4.1)
UNASKED = ("welcome", "session_update")


class Opcode(IntEnum):
    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class SocketClosed(Exception):  # noqa: N818 - the end of a socket is not always an error
    """The server closed the socket with this code; 1006 if it only cut the connection."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class SimulatedHandshakeRefused(Exception):  # noqa: N818 - as above
    """The server answered the handshake with this HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def build_simulated_frame(  # noqa: PLR0913 - a frame has so many fields
    opcode: int,
    payload: bytes = b"",
    *,
    is_final: bool = True,
    reserved_bits: int = 0,
    mask: bytes | None = NOT_MASKED,
    length: int | None = None,
    length_bytes: int = 1,
) -> bytes:
    """Return a client's frame (RFC 6455, 5.2).

    `mask` is four bytes, or None for a frame without one. `length` is claimed instead of the
    payload's own. `length_bytes` is the least to write it in: 1, 2 or 8.
    """
    claimed = len(payload) if length is None else length
    masked_bit = 0 if mask is None else 0x80
    if length_bytes == 8 or claimed > 0xFFFF:
        size = bytes([masked_bit | 127]) + struct.pack("!Q", claimed)
    elif length_bytes == 2 or claimed > 125:
        size = bytes([masked_bit | 126]) + struct.pack("!H", claimed)
    else:
        size = bytes([masked_bit | claimed])
    first = bytes([is_final << 7 | reserved_bits << 4 | opcode])
    if mask is None:
        return first + size + payload
    return first + size + mask + mask_simulated_payload(payload, mask)


def mask_simulated_payload(payload: bytes, mask: bytes) -> bytes:
    if mask == NOT_MASKED or not payload:
        return payload
    key = (mask * (len(payload) // 4 + 1))[: len(payload)]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return number.to_bytes(len(payload), "big")


def build_simulated_text(message: str | Mapping[str, Any]) -> bytes:
    """Return a whole text frame with a message, or with JSON."""
    text = message if isinstance(message, str) else json.dumps(message)
    return build_simulated_frame(Opcode.TEXT, text.encode())


def build_simulated_close(code: int, reason: bytes = b"") -> bytes:
    return build_simulated_frame(Opcode.CLOSE, struct.pack("!H", code) + reason)


class SimulatedRawSocket:
    """A socket after its handshake. Bytes go out as they are; pings are answered while reading."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.pongs = 0

    @classmethod
    async def connect(
        cls,
        url: str,
        path: str = "/ws/workout",
        *,
        subprotocol: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """Connect to the service at `url`, an address like http://127.0.0.1:8000.

        Raises SimulatedHandshakeRefused, OSError, EOFError and TimeoutError.
        """
        parts = urlsplit(url)
        async with asyncio.timeout(ANSWER_S):
            socket = cls(*await asyncio.open_connection(parts.hostname, parts.port))
            socket.send(build_simulated_handshake(parts.netloc, path, subprotocol, headers or {}))
            try:
                head = await socket.reader.readuntil(b"\r\n\r\n")
            except BaseException:
                socket.abort()
                raise
        status = int(head.split(maxsplit=2)[1])
        if status != 101:
            socket.abort()
            raise SimulatedHandshakeRefused(status)
        return socket

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def hear_text(self) -> str:
        """Return the next text message. Raises SocketClosed."""
        while True:
            opcode, payload = await self._read_frame()
            if opcode == Opcode.TEXT:
                return payload.decode()
            if opcode == Opcode.PING:
                self.send(build_simulated_frame(Opcode.PONG, payload))
            elif opcode == Opcode.PONG:
                self.pongs += 1
            elif opcode == Opcode.CLOSE:
                raise read_simulated_close(payload)

    async def hear_answer(self) -> dict[str, Any]:
        """Return the next message that answers one. Raises SocketClosed and TimeoutError."""
        async with asyncio.timeout(ANSWER_S):
            while True:
                answer: dict[str, Any] = json.loads(await self.hear_text())
                if answer["event"] not in UNASKED:
                    return answer

    async def hear_close(self) -> SocketClosed:
        """Read until the server closes the socket, and return how. Raises TimeoutError."""
        async with asyncio.timeout(ANSWER_S):
            try:
                while True:
                    await self.hear_text()
            except SocketClosed as closed:
                return closed

    def abort(self) -> None:
        """Drop the connection as a power cut would."""
        self.writer.transport.abort()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.abort()
        with suppress(OSError):
            await self.writer.wait_closed()

    async def _read_frame(self) -> tuple[int, bytes]:
        try:
            first, second = await self.reader.readexactly(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return first & 0x0F, await self.reader.readexactly(length)
        except (EOFError, OSError):
            raise SocketClosed(NO_CLOSE_FRAME) from None


def build_simulated_handshake(
    host: str, path: str, subprotocol: str, headers: Mapping[str, str]
) -> bytes:
    offered = {"Sec-WebSocket-Protocol": subprotocol} if subprotocol else {}
    fields = {
        "Host": host,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
        **offered,
        **headers,
    }
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def read_simulated_close(payload: bytes) -> SocketClosed:
    if len(payload) < 2:
        return SocketClosed(NO_CLOSE_CODE)
    return SocketClosed(struct.unpack("!H", payload[:2])[0], payload[2:].decode(errors="replace"))
