"""Loads of reps: closed loops, more and more of them, and a few among many idle sockets."""

import asyncio
from collections.abc import Sequence

from bench.load.clients import (
    Tally,
    choose_client,
    closed_loop,
    connect_all,
    disconnect_all,
    list_urls,
)
from bench.load.window import Window
from bench.processes import read_rss_kib
from bench.services import Service

WARM_UP_S = 0.5
# some connections are needed before memory is compared: the first ones load code and fill pools
FIRST_SOCKETS = 50
SETTLE_S = 1.0
TRAINING_INTERVAL_S = 1.0


async def measure_window(
    service: Service, tally: Tally, seconds: float, *, least: int
) -> dict[str, float]:
    """Warm up, then measure for some seconds.

    Raises RuntimeError if answers or connections are missing.
    """
    await asyncio.sleep(WARM_UP_S)
    tally.clear()
    with Window(service) as window:
        await asyncio.sleep(seconds)
    messages = len(tally.latencies_s)
    if tally.lost or messages < least:
        raise RuntimeError(
            f"{service.name}: {tally.lost} connections lost, {messages} answers for {least} clients"
        )
    return window.figures(messages) | tally.figures()


async def measure_reps(
    service: Service, *, run: str, dialect: str, clients: int, seconds: float
) -> dict[str, float]:
    """Measure a closed loop: each client sends a rep as soon as the one before is answered."""
    kind, urls = choose_client(service, dialect), list_urls(service, run, clients)
    async with closed_loop(urls, service.expected, kind=kind) as tally:
        return await measure_window(service, tally, seconds, least=clients)


async def measure_growth(
    service: Service, *, run: str, steps: Sequence[int], seconds: float
) -> dict[str, float]:
    """Measure closed loops of plain sockets, more of them at each step (`cpu_us@4000`)."""
    kind, urls = choose_client(service, "plain"), list_urls(service, run, steps[-1])
    tally, clients, figures = Tally(service.expected), [], {}
    for step in steps:
        tally.running = False  # nobody trains while others connect
        clients += await connect_all(kind, urls[len(clients) : step], tally)
        tally.running = True
        for client in clients:
            client.send_rep()
        measured = await measure_window(service, tally, seconds, least=step)
        figures |= {f"{name}@{step}": value for name, value in measured.items()}
        tally.running = False
        await asyncio.sleep(WARM_UP_S)  # what is under way is answered
    await disconnect_all(clients)
    return figures


async def measure_idle(
    service: Service, *, run: str, dialect: str, sockets: int
) -> dict[str, float]:
    """Measure the memory that each of many idle sockets takes."""
    kind = choose_client(service, dialect)
    urls, tally = list_urls(service, run, FIRST_SOCKETS + sockets), Tally(service.expected)
    clients = await connect_all(kind, urls[:FIRST_SOCKETS], tally)
    await asyncio.sleep(SETTLE_S)
    before_kib = read_rss_kib(service.pid)
    clients += await connect_all(kind, urls[FIRST_SOCKETS:], tally)
    await asyncio.sleep(SETTLE_S)
    taken_kib = read_rss_kib(service.pid) - before_kib
    tally.running = False
    await disconnect_all(clients)
    return {"kib": taken_kib / sockets}


async def measure_crowd(
    service: Service, *, run: str, idle: int, training: int, seconds: float
) -> dict[str, float]:
    """Measure some athletes who train beside many idle sockets, half of them of senim.v1."""
    waiting, half = Tally(service.expected), idle // 2
    urls = list_urls(service, f"{run}-idle", idle)
    clients = await connect_all(choose_client(service, "plain"), urls[:half], waiting)
    clients += await connect_all(choose_client(service, "senim.v1"), urls[half:], waiting)
    async with closed_loop(
        list_urls(service, run, training), service.expected, interval_s=TRAINING_INTERVAL_S
    ) as tally:
        figures = await measure_window(service, tally, seconds, least=training)
        figures |= {"mb": read_rss_kib(service.pid) / 1024, "lost": float(waiting.lost)}
    waiting.running = False
    await disconnect_all(clients)
    return figures
