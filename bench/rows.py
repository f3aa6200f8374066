"""The table of `python -m bench`: what is compared with what, and what is to be reached."""

from typing import NamedTuple

from bench.measures import CLASS_OF, CROWD, HELLO, RETURNING, SENIM_V1
from bench.stage import ECHO, FASTAPI, SENIM

REP, HELLOS, FINISH = "CPU of a counted rep", "CPU of connect + hello", "CPU of a finish over HTTP"
TOGETHER = f"{CROWD:,} idle in one process while 100 others train"


class Row(NamedTuple):
    """A contestant's figure, over that of `to` in the same round if there is one.

    A row `on_record` is compared with bench/record.json.
    """

    name: str
    title: str
    measure: str
    of: str
    figure: str
    to: str = ""
    limit: float | None = None
    unit: str = ""
    on_record: bool = False


ROWS = (
    Row(
        "rep-plain",
        f"{REP}, plain, x echo's",
        "reps-plain",
        SENIM,
        "cpu_us",
        to=ECHO,
        limit=1.0,
        on_record=True,
    ),
    Row(
        "rep-v1",
        f"{REP}, senim.v1, x echo's",
        "reps-v1",
        SENIM,
        "cpu_us",
        to=ECHO,
        limit=1.2,
        on_record=True,
    ),
    Row(
        "rep-plain-4000",
        f"{REP}, plain, at 4,000 sockets, x echo's",
        "growth",
        SENIM,
        "cpu_us@4000",
        to=ECHO,
        limit=0.9,
    ),
    Row(
        "rep-fastapi",
        f"{REP}, plain, x the FastAPI peer's",
        "reps-plain",
        SENIM,
        "cpu_us",
        to=FASTAPI,
        limit=0.12,
    ),
    Row(
        "rep-p99",
        "p99 of 100 sockets in a closed loop, x echo's",
        "reps-plain",
        SENIM,
        "p99_ms",
        to=ECHO,
        limit=1.5,
    ),
    Row(
        "hello",
        f"{HELLOS}, x echo's handshake",
        "handshakes",
        HELLO,
        "cpu_us",
        to=ECHO,
        limit=4.5,
        on_record=True,
    ),
    Row(
        "return",
        f"{RETURNING:,} devices back, with hello and 3 resent reps each",
        "return",
        SENIM,
        "seconds",
        limit=6.0,
        unit="s",
    ),
    Row(
        "finish",
        f"{FINISH} on PostgreSQL, x the FastAPI peer's",
        "finishes",
        SENIM,
        "cpu_us",
        to=FASTAPI,
        limit=2.5,
    ),
    Row(
        "class",
        f"a class of {CLASS_OF} that finishes within 2 s is saved within",
        "class",
        SENIM,
        "seconds",
        limit=5.0,
        unit="s",
    ),
    Row("idle-plain", "an idle socket, plain", "idle", SENIM, "kib", limit=22.0, unit="KiB"),
    Row("idle-v1", "an idle socket, senim.v1", "idle", SENIM_V1, "kib", limit=26.0, unit="KiB"),
    Row("crowd-lost", f"{TOGETHER}: sockets lost", "crowd", SENIM, "lost", limit=0.0),
    Row("crowd-p99", f"{TOGETHER}: p99 of their reps", "crowd", SENIM, "p99_ms", unit="ms"),
)


def compare_with(other: str) -> list[Row]:
    """Return the rows that compare this checkout with another one."""
    title = f"x that of {other}"
    return [
        Row(
            f"redis-{other}",
            f"Redis CPU of a rep, {title}",
            "reps-plain",
            SENIM,
            "redis_us",
            to=other,
            limit=0.75,
        ),
        Row(f"rep-{other}", f"{REP}, plain, {title}", "reps-plain", SENIM, "cpu_us", to=other),
        Row(f"rep-v1-{other}", f"{REP}, senim.v1, {title}", "reps-v1", SENIM, "cpu_us", to=other),
        Row(
            f"hello-{other}",
            f"{HELLOS}, {title}",
            "handshakes",
            HELLO,
            "cpu_us",
            to=f"{other}-hello",
        ),
        Row(f"return-{other}", f"devices back, {title}", "return", SENIM, "seconds", to=other),
        Row(f"finish-{other}", f"{FINISH}, {title}", "finishes", SENIM, "cpu_us", to=other),
    ]
