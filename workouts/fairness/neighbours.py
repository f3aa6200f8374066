"""Neighbours: sessions of an exercise less than 5 min apart, judged together.

Whoever finishes every few reps would otherwise never have enough of them in one session.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from operator import attrgetter
from typing import NamedTuple

from workouts.fairness.evidence import Flag, FlagEvidence, RepSpan
from workouts.fairness.pace_flags import MARATHON_PAUSE_MS


class NeighbourRep(NamedTuple):
    """A rep, its device's number, and the session it is in (None: the one that is judged)."""

    time_ms: int
    device: int
    session: int | None = None


@dataclass(frozen=True, slots=True)
class JoinedSessions:
    """A session's evidence with its neighbours' reps, in order of time, and how many they are."""

    evidence: FlagEvidence
    own: RepSpan
    sessions: int

    def cut_to_reps_around(self, reps: int) -> "JoinedSessions":
        """Keep so many of the neighbours' reps before and after the session."""
        times, devices = self.evidence.times_ms, self.evidence.devices
        first = max(0, bisect_left(times, self.own.first_ms) - reps)
        last = bisect_right(times, self.own.last_ms) + reps
        cut = replace(self.evidence, times_ms=times[first:last], devices=devices[first:last])
        return replace(self, evidence=cut)


def join_neighbours(evidence: FlagEvidence) -> JoinedSessions | None:
    """Return the session joined with its neighbours and theirs, or None if it has none.

    A pause of 5 min within an earlier session cuts off what was before it. Devices are numbered
    within each session, so the same number may be another one: that makes reps look less even,
    never more.
    """
    own = evidence.span
    others = sorted(
        NeighbourRep(*rep, session.pk)
        for session in evidence.earlier
        if session.exercise == evidence.exercise
        for rep in zip(session.times_ms, session.devices or repeat(0), strict=False)
    )
    first = bisect_left(others, own.first_ms, key=attrgetter("time_ms"))
    last = bisect_right(others, own.last_ms, key=attrgetter("time_ms"))
    joined = [
        *take_connected_reps(reversed(others[:first]), own.first_ms),
        *others[first:last],
        *take_connected_reps(others[last:], own.last_ms),
    ]
    if not joined or not evidence.times_ms:
        return None
    sessions = 1 + len({rep.session for rep in joined})
    joined += map(NeighbourRep, evidence.times_ms, evidence.devices or repeat(0))
    joined.sort(key=lambda rep: rep[:2])
    together = replace(
        evidence,
        times_ms=[rep.time_ms for rep in joined],
        devices=[rep.device for rep in joined],
    )
    return JoinedSessions(together, own, sessions)


def find_flag_over_neighbours(
    find_flag: Callable[[FlagEvidence], Flag | None],
    evidence: FlagEvidence,
    joined: JoinedSessions | None,
) -> Flag | None:
    """Return a session's flag, else that of the joined sessions with their number, or None."""
    flag = find_flag(evidence)
    if flag is None and joined is not None:
        flag = find_flag(joined.evidence)
        return flag and flag | {"sessions": joined.sessions}
    return flag


def take_connected_reps(reps: Iterable[NeighbourRep], edge_ms: int) -> Iterator[NeighbourRep]:
    """Yield reps, going away from a time, up to the first pause of 5 min."""
    for rep in reps:
        if abs(rep.time_ms - edge_ms) >= MARATHON_PAUSE_MS:
            return
        edge_ms = rep.time_ms
        yield rep
