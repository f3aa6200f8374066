"""What `python -m bench` measures: who takes part in what, under which load."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, NamedTuple

from bench.stage import CHANNELS, ECHO, FASTAPI, SENIM, SENIM_NO_FILE

GROWTH_STEPS = (100, 1000, 4000, 5000)
RETURNING, CLASS_OF, IDLE, CROWD = 2000, 500, 2000, 10_000
SENIM_V1, HELLO, NEW_HELLO = f"{SENIM}-v1", f"{SENIM}-hello", f"{SENIM}-hello-new"
V1, PLAIN = "senim.v1", "plain"


@dataclass(frozen=True)
class Plan:
    """What the command was asked for; `also` are the names of other checkouts."""

    is_short: bool = False
    seconds: float = 2.0
    clients: int = 100
    also: tuple[str, ...] = ()
    with_no_file: bool = False

    def names(self, *peers: str) -> list[str]:
        """Return who takes part beside the echo and this checkout; no peers in the short form."""
        return [ECHO, SENIM, *(() if self.is_short else peers), *self.also]


class Contestant(NamedTuple):
    """A service under a load."""

    service: str
    load: str
    options: dict[str, Any]


class Process(Enum):
    """How long a service's process lives, which is fresh at first."""

    MEASURE = auto()
    SAMPLE = auto()
    # restarted on the same data for each sample; before the first one its athletes count a rep
    RESTART = auto()


Contestants = dict[str, Contestant]


@dataclass(frozen=True)
class Measure:
    """The contestants take turns, in so many rounds; in the short form `short_rounds`, if any."""

    name: str
    rounds: int
    contestants: Callable[[Plan], Contestants]
    short_rounds: int = 0
    process: Process = Process.MEASURE
    with_postgres: bool = False


def plan_plain_reps(plan: Plan) -> Contestants:
    names = plan.names(FASTAPI, CHANNELS) + [SENIM_NO_FILE] * plan.with_no_file
    options = {"dialect": PLAIN, "clients": plan.clients, "seconds": plan.seconds}
    return {name: Contestant(name, "reps", options) for name in names}


def plan_numbered_reps(plan: Plan) -> Contestants:
    options = {"dialect": V1, "clients": plan.clients, "seconds": plan.seconds}
    return {name: Contestant(name, "reps", options) for name in plan.names()}


def plan_growth(plan: Plan) -> Contestants:
    options = {"steps": GROWTH_STEPS, "seconds": plan.seconds}
    return {name: Contestant(name, "growth", options) for name in plan.names()}


def plan_handshakes(plan: Plan) -> Contestants:
    """The handshake alone; and with a hello, of devices that Redis knows, or does not."""

    def connecting(service: str, dialect: str, *, is_known: bool = False) -> Contestant:
        options = {"dialect": dialect, "is_known": is_known, "seconds": plan.seconds}
        return Contestant(service, "connections", options)

    if plan.is_short:
        return {
            ECHO: connecting(ECHO, PLAIN),
            HELLO: connecting(SENIM, V1, is_known=True),
        }
    return {
        **{name: connecting(name, PLAIN) for name in plan.names(FASTAPI, CHANNELS)},
        HELLO: connecting(SENIM, V1, is_known=True),
        NEW_HELLO: connecting(SENIM, V1),
        **{f"{name}-hello": connecting(name, V1, is_known=True) for name in plan.also},
    }


def plan_return(plan: Plan) -> Contestants:
    return {
        name: Contestant(name, "return", {"athletes": RETURNING}) for name in (SENIM, *plan.also)
    }


def plan_idle_sockets(plan: Plan) -> Contestants:
    plain = {
        name: Contestant(name, "idle", {"dialect": PLAIN, "sockets": IDLE})
        for name in plan.names(FASTAPI, CHANNELS)
    }
    return {**plain, SENIM_V1: Contestant(SENIM, "idle", {"dialect": V1, "sockets": IDLE})}


def plan_crowd(plan: Plan) -> Contestants:
    # long enough for each socket to be pinged, every 20 s
    options = {"idle": CROWD, "training": 100, "seconds": 25.0}
    return {SENIM: Contestant(SENIM, "crowd", options)}


def plan_finishes(plan: Plan) -> Contestants:
    return {
        name: Contestant(name, "finishes", {"athletes": 400})
        for name in (FASTAPI, SENIM, *plan.also)
    }


def plan_class(plan: Plan) -> Contestants:
    return {
        name: Contestant(name, "class", {"athletes": CLASS_OF})
        for name in (FASTAPI, SENIM, *plan.also)
    }


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("reps-plain", 7, plan_plain_reps, short_rounds=5),
        Measure("reps-v1", 7, plan_numbered_reps, short_rounds=5),
        Measure("growth", 3, plan_growth),
        Measure("handshakes", 5, plan_handshakes, short_rounds=3, with_postgres=True),
        Measure("return", 3, plan_return, process=Process.RESTART, with_postgres=True),
        Measure("idle", 2, plan_idle_sockets, process=Process.SAMPLE, with_postgres=True),
        Measure("crowd", 1, plan_crowd, process=Process.SAMPLE, with_postgres=True),
        Measure("finishes", 5, plan_finishes, with_postgres=True),
        Measure("class", 3, plan_class, with_postgres=True),
    )
}
