"""The athletes in the tests, and their reps and sessions."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from asgiref.sync import async_to_sync
from django.conf import settings

from workouts.fairness.sets import describe_sets
from workouts.live.counting.batching import RepBatcher
from workouts.live.counting.packing import PackedGates, pack_gates, pack_rep_keys
from workouts.live.counting.verdicts import COUNTED
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.models import Athlete, WorkoutSession

SQUAT_INTERVAL_MS = 450
STARTED_MS = 1_763_839_190_000
# four sets of ten, each rep 1.2 s long, with long rests: 50 a minute, over all 4:42 only 8.3
CRUNCHES_MS = [90_400 * group + 1200 * rep for group in range(4) for rep in range(10)]


def gates(
    min_interval_ms: int = SQUAT_INTERVAL_MS,
    *,
    max_per_minute: int = 60_001,
    max_per_session: int = 10_000,
    typical_ms: tuple[int, int] = (2000, 4000),
) -> PackedGates:
    """Return limits, by default without a ceiling for reps in a minute."""
    return pack_gates(
        min_interval_ms=min_interval_ms,
        max_per_minute=max_per_minute,
        max_per_session=max_per_session,
        typical_ms_low=typical_ms[0],
        typical_ms_high=typical_ms[1],
    )


class Result(NamedTuple):
    """What the batcher says about a rep, by name."""

    verdict: int
    count: int
    retry_after_ms: int


def new_athlete() -> str:
    """Return a user_id that nobody has."""
    return f"ath-{uuid.uuid4().hex[:12]}"


async def count_reps_async(
    user_id: str,
    times_ms: Sequence[int],
    *,
    exercise: str = "squat",
    limits: PackedGates | None = None,
) -> list[Result | None]:
    """Count a rep at each time (epoch ms), in separate calls, and return the verdicts."""
    clock = iter(times_ms)
    batcher = RepBatcher(settings.REDIS_URL, now_ms=lambda: next(clock))
    keys = pack_rep_keys(get_redis_key_space().live(user_id, exercise))
    source = batcher.open_source(keys.tag)
    verdicts: list[Result | None] = []
    for _ in times_ms:
        source.submit(
            keys,
            limits or gates(),
            lambda verdict: verdicts.append(verdict and Result._make(verdict)),
        )
        await batcher.settled()
    await batcher.close()
    return verdicts


count_reps = async_to_sync(count_reps_async)


def train(
    user_id: str, reps: int = 3, *, exercise: str = "squat", started_ms: int = STARTED_MS
) -> None:
    """Count reps 2 s apart."""
    verdicts = count_reps(user_id, [started_ms + i * 2000 for i in range(reps)], exercise=exercise)
    assert all(verdict is not None and verdict.verdict == COUNTED for verdict in verdicts)


def seal(user_id: str, exercise: str = "squat") -> list[str]:
    return get_live_store().seal(user_id, exercise)


def save_session(
    user_id: str,
    *,
    exercise: str = "squat",
    reps: int = 5,
    times_ms: Sequence[int] | None = None,
    days_ago: int = 0,
    **more: Any,
) -> WorkoutSession:
    """Save a session as a finish does, by default of reps 2 s apart."""
    Athlete.objects.get_or_create(user_id=user_id)
    finished = datetime.now(UTC) - timedelta(days=days_ago)
    times = [2000 * i for i in range(reps)] if times_ms is None else [*times_ms]
    more.setdefault("sets", describe_sets(times))
    return WorkoutSession.objects.create(
        session_id=uuid.uuid4(),
        athlete_id=user_id,
        exercise_id=exercise,
        total_reps=len(times),
        started_at=finished - timedelta(milliseconds=max(times)),
        finished_at=finished,
        created_at=finished,
        timeline_ms=times,
        **more,
    )


def save_at(
    moment: datetime, *, user_id: str = "aigerim-1", reps: int = 5, **more: object
) -> WorkoutSession:
    row = save_session(user_id, reps=reps, **more)
    WorkoutSession.objects.filter(pk=row.pk).update(
        started_at=moment, finished_at=moment + timedelta(seconds=2 * (reps - 1))
    )
    return row
