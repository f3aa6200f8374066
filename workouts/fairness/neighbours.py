"""Neighbours: sessions of an exercise less than 5 min apart, judged together.

Otherwise a script that finishes every few reps would never have enough of them in one session.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from operator import itemgetter

from workouts.fairness.evidence import EarlierSession, Flag, FlagEvidence, RepSpan
from workouts.fairness.pace_flags import MARATHON_PAUSE_MS

OWN_SESSION = 0
Rep = tuple[int, int, int]  # its time, its device's number, and its session's id


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
    within each session, so one number may stand for two of them: that makes reps look less even,
    never more.
    """
    neighbours = find_neighbour_reps(evidence) if evidence.times_ms else []
    if not neighbours:
        return None
    own = zip(evidence.times_ms, evidence.devices or repeat(0), repeat(OWN_SESSION), strict=False)
    times_ms, devices, sessions = zip(*sorted([*neighbours, *own]), strict=True)
    together = replace(evidence, times_ms=times_ms, devices=devices, earlier=())
    return JoinedSessions(together, evidence.span, len({*sessions}))


def find_neighbour_reps(evidence: FlagEvidence) -> list[Rep]:
    own = evidence.span
    others: list[Rep] = []
    for session in find_reached_sessions(evidence):
        devices = session.devices or repeat(0)
        others += zip(session.times_ms, devices, repeat(session.pk), strict=False)
    others.sort()
    first = bisect_left(others, own.first_ms, key=itemgetter(0))
    last = bisect_right(others, own.last_ms, key=itemgetter(0))
    return [
        *take_connected_reps(reversed(others[:first]), own.first_ms),
        *others[first:last],
        *take_connected_reps(others[last:], own.last_ms),
    ]


def find_reached_sessions(evidence: FlagEvidence) -> Iterable[EarlierSession]:
    """Return the sessions of the exercise that are neighbours, or neighbours of one."""
    same = [
        (session.span, session)
        for session in evidence.earlier
        if session.exercise == evidence.exercise
    ]
    # in both directions, so that each that is reached may lead to the next
    back = sorted(same, key=lambda each: each[0].last_ms, reverse=True)
    forth = sorted(same, key=lambda each: each[0].first_ms)
    reach, reached = evidence.span, {}
    for span, session in (*back, *forth):
        if reach.is_within(MARATHON_PAUSE_MS, span):
            reach = reach.join(span)
            reached[session.pk] = session
    return reached.values()


def take_connected_reps(reps: Iterable[Rep], edge_ms: int) -> Iterator[Rep]:
    """Yield reps, going away from a time, up to the first pause of 5 min."""
    for rep in reps:
        if abs(rep[0] - edge_ms) >= MARATHON_PAUSE_MS:
            return
        edge_ms = rep[0]
        yield rep


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
