"""What must hold after a run: each rep is in exactly one saved session, once."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import psycopg
import redis

from bench.chaos.athletes import Athlete
from bench.chaos.devices import OTHER_DEVICE, Device

PREFIX = "senim:"
# these keys expire by themselves: senim:{tag}:mark:… and the like
MAY_REMAIN = ("mark", "times", "device", "devices")
SAME_MS = 100  # under every exercise's minimum interval
SETTLED = ("duplicate", "settled", OTHER_DEVICE)  # besides `counted`
SESSIONS = """
    SELECT user_id, exercise_type, session_id::text, total_reps,
        (EXTRACT(EPOCH FROM started_at) * 1000)::bigint, timeline_ms, rep_devices, distrusted_times
    FROM workout_sessions ORDER BY id
"""


class Saved(NamedTuple):
    """A saved session."""

    user_id: str
    exercise: str
    session_id: str
    total: int
    started_ms: int
    timeline_ms: list[int]
    rep_devices: list[int]
    distrusted: int


@dataclass(slots=True)
class Verdict:
    """The figures, and the problems found."""

    made: int = 0
    saved: int = 0
    lost: int = 0
    doubled: int = 0
    sessions: int = 0
    distrusted: int = 0
    keys_left: int = 0
    problems: list[str] = field(default_factory=list)


def read_sessions(database_url: str) -> list[Saved]:
    """Return all saved sessions."""
    with psycopg.connect(database_url) as connection:
        return [Saved(*row) for row in connection.execute(SESSIONS)]


def read_keys_left(redis_url: str) -> list[str]:
    """Return the keys of sessions, which do not expire by themselves."""
    with redis.Redis.from_url(redis_url, protocol=2) as client:
        keys = [key.decode() for key in client.scan_iter(count=1000)]
    return sorted(
        key
        for key in keys
        if key.removeprefix(PREFIX).split(":")[1:2] not in [[kind] for kind in MAY_REMAIN]
    )


def judge(athletes: list[Athlete], rows: list[Saved], keys_left: list[str]) -> Verdict:
    """Compare the reps that were made, and their answers, with the saved sessions.

    Clients resend a rep until it is settled, and no rep in a run can be debounced, so each must be
    saved, once for all devices that saw it. A rep that was only answered `duplicate`, or settled by
    a hello, lost its first ack.
    """
    devices = [device for athlete in athletes for device in athlete.devices]
    verdict = Verdict(
        sessions=len(rows), distrusted=sum(row.distrusted for row in rows), keys_left=len(keys_left)
    )
    verdict.problems += [f"left in Redis: {key}" for key in keys_left]
    judge_totals(verdict, athletes, rows)
    verdict.problems += judge_saved_times(athletes, rows)
    verdict.problems += judge_verdicts(devices)
    verdict.problems += judge_other_devices(athletes)
    verdict.problems += judge_rows(rows)
    verdict.problems += judge_times(rows)
    verdict.problems += judge_acks(devices, rows)
    return verdict


def judge_totals(verdict: Verdict, athletes: list[Athlete], rows: list[Saved]) -> None:
    """Compare each athlete's and exercise's reps with the sum over their sessions."""
    made = Counter((athlete.user_id, rep.exercise) for athlete in athletes for rep in athlete.made)
    saved: Counter[tuple[str, str]] = Counter()
    for row in rows:
        saved[row.user_id, row.exercise] += row.total
    verdict.made, verdict.saved = made.total(), saved.total()
    for user_id, exercise in sorted(made | saved):
        pair = user_id, exercise
        difference = saved[pair] - made[pair]
        verdict.lost += max(0, -difference)
        verdict.doubled += max(0, difference)
        if difference:
            verdict.problems.append(f"{user_id} {exercise}: {made[pair]} made, {saved[pair]} saved")


def judge_saved_times(athletes: list[Athlete], rows: list[Saved]) -> Iterable[str]:
    """Yield reps without a saved time of their own, and saved times without a rep."""
    saved: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        saved[row.user_id, row.exercise] += [row.started_ms + at_ms for at_ms in row.timeline_ms]
    for athlete in athletes:
        for exercise in sorted({rep.exercise for rep in athlete.made}):
            lost, extra = match_times(
                [rep.at_ms for rep in athlete.made if rep.exercise == exercise],
                saved[athlete.user_id, exercise],
                athlete.most_apart_ms(exercise),
            )
            for at_ms in lost:
                seen = ", ".join(describe_seen(athlete, exercise, at_ms))
                yield f"{athlete.user_id} {exercise}: nothing saved for {at_ms} ({seen})"
            for at_ms in extra:
                yield f"{athlete.user_id} {exercise}: nothing made that is saved at {at_ms}"


def match_times(made: list[int], saved: list[int], apart_ms: int) -> tuple[list[int], list[int]]:
    """Return what was made and is not saved, and the other way round, if one time stands for one.

    They are matched in order, at most `apart_ms` from each other.
    """
    left, lost, extra = deque(sorted(saved)), [], []
    for at_ms in sorted(made):
        while left and left[0] < at_ms - apart_ms:
            extra.append(left.popleft())
        if left and left[0] <= at_ms + apart_ms:
            left.popleft()
        else:
            lost.append(at_ms)
    return lost, [*extra, *left]


def describe_seen(athlete: Athlete, exercise: str, at_ms: int) -> Iterable[str]:
    """Yield the devices that have seen a rep, and their answers."""
    apart_ms = athlete.most_apart_ms(exercise)
    for device in athlete.devices:
        for rep in device.reps:
            if rep.exercise == exercise and abs(rep.at_ms - at_ms) <= apart_ms:
                yield f"{device.name} seq {rep.seq}: {'counted' if rep.counted else rep.status}"


def judge_verdicts(devices: Iterable[Device]) -> Iterable[str]:
    """Yield reps that were refused or never settled."""
    for device in devices:
        for rep in device.reps:
            if not rep.counted and rep.status not in SETTLED:
                yield (
                    f"{device.user_id} {device.name} seq {rep.seq} {rep.exercise} "
                    f"at {rep.at_ms}: {rep.status or 'never settled'}"
                )


def judge_other_devices(athletes: list[Athlete]) -> Iterable[str]:
    """Yield reps that another device was said to have counted, though none has."""
    for athlete in athletes:
        for device in athlete.devices:
            counted = sorted(
                (rep.exercise, rep.at_ms)
                for other in athlete.devices
                for rep in other.reps
                if other is not device and rep.seq not in other.seen_by_another
            )
            for rep in device.reps:
                apart_ms = athlete.most_apart_ms(rep.exercise)
                earlier = bisect_left(counted, (rep.exercise, rep.at_ms - apart_ms))
                not_later = bisect_right(counted, (rep.exercise, rep.at_ms + apart_ms))
                if rep.seq in device.seen_by_another and earlier == not_later:
                    yield (
                        f"{athlete.user_id} {device.name} seq {rep.seq} {rep.exercise} "
                        f"at {rep.at_ms}: no other device has counted it"
                    )


def judge_rows(rows: list[Saved]) -> Iterable[str]:
    """Yield sessions that are saved twice, or not as long as their timeline."""
    for session_id, times in Counter(row.session_id for row in rows).items():
        if times > 1:
            yield f"session {session_id} is saved {times} times"
    for row in rows:
        if row.total != len(row.timeline_ms):
            yield f"session {row.session_id} has {row.total} reps and {len(row.timeline_ms)} times"


def judge_times(rows: list[Saved]) -> Iterable[str]:
    """Yield sessions with two reps of a device at the same time."""
    times: dict[tuple[str, str, int, str], list[int]] = defaultdict(list)
    for row in rows:
        devices = row.rep_devices or [0] * len(row.timeline_ms)
        for offset, device in zip(row.timeline_ms, devices, strict=True):
            times[row.user_id, row.exercise, device, row.session_id].append(row.started_ms + offset)
    for (user_id, exercise, device, session_id), own in times.items():
        own.sort()
        near = sum(later - earlier < SAME_MS for earlier, later in pairwise(own))
        if near:
            yield (
                f"{user_id} {exercise}: session {session_id} has {near} reps "
                f"of device {device} at the time of another"
            )


def judge_acks(devices: Iterable[Device], rows: list[Saved]) -> Iterable[str]:
    """Yield acks that do not hold: their session is too short, or two reps got the same number.

    If one rep is lost and another doubled, the totals agree, and only this finds it.
    """
    totals = {row.session_id: row.total for row in rows}
    told: dict[tuple[str, int], list[str]] = defaultdict(list)
    for device in devices:
        for ack in device.counted:
            rep = f"{device.user_id} {device.name} seq {ack.seq}"
            told[ack.session_id, ack.count].append(rep)
            if totals.get(ack.session_id, 0) < ack.count:
                yield (
                    f"{rep}: was number {ack.count} of session {ack.session_id}, "
                    f"saved with {totals.get(ack.session_id, 0)}"
                )
        for seq, times in Counter(ack.seq for ack in device.counted).items():
            if times > 1:
                yield f"{device.user_id} {device.name} seq {seq}: answered `counted` {times} times"
    yield from (
        f"number {place[1]} of session {place[0]} was {', '.join(reps)}"
        for place, reps in told.items()
        if len(reps) > 1
    )
