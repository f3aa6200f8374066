"""What a wall shows: a tile for each athlete who is training or has just trained."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from workouts.clock import datetime_to_ms
from workouts.events.messages import WallFinished, WallReport
from workouts.events.watched import WatchedAthletes
from workouts.live.sessions import Training
from workouts.live.store import LiveStore
from workouts.models import WorkoutSession

SHOWN_FOR = timedelta(minutes=15)  # how long a finished session stays on the wall
OVERTAKEN_MS = 2000  # a report of reps arrives at most this long after a finish that overtook it
Json = dict[str, Any]


class FinishedSession(NamedTuple):
    """An athlete's latest finished session, and when it was saved (epoch ms)."""

    exercise_type: str
    reps: int
    at_ms: int


@dataclass(slots=True)
class Tile:
    """One athlete: reps and time of the last rep (epoch ms) of each live exercise, and the latest
    finished session.
    """

    live: dict[str, tuple[int, int]] = field(default_factory=dict)
    finished: FinishedSession | None = None

    def describe(self) -> Json:
        """Return the tile as JSON for the browser, live sessions by last rep, newest first."""
        live = sorted(self.live.items(), key=lambda item: -item[1][1])
        finished = self.finished and {
            "type": self.finished.exercise_type,
            "count": self.finished.reps,
            "at": self.finished.at_ms,
        }
        return {
            "sessions": [
                {"type": slug, "count": reps, "at": at_ms} for slug, (reps, at_ms) in live
            ],
            "finished": finished,
        }


class WallBoard:
    """A wall's tiles by user_id, and which of them changed."""

    def __init__(self) -> None:
        self.tiles: dict[str, Tile] = {}
        self.is_cut = False  # the last snapshot left some sessions out
        self.changed: set[str] = set()

    def apply(self, message: WallReport | WallFinished, watched: WatchedAthletes) -> None:
        """Apply what a process reports about the watched athletes, and skip all others."""
        if isinstance(message, WallFinished):
            if watched.includes(message.user_id):
                finished = FinishedSession(message.exercise_type, message.reps, message.at)
                self._finish(message.user_id, finished)
            return
        for user_id, exercise_type, reps, at_ms in message.reps:
            if watched.includes(user_id):
                self._count(user_id, exercise_type, reps, at_ms)
        self.changed.update(user_id for user_id in message.moves if watched.includes(user_id))

    def replace(
        self,
        training: Iterable[Training],
        finished: Iterable[tuple[str, FinishedSession]],
        *,
        is_cut: bool = False,
    ) -> None:
        """Replace all tiles by a snapshot, and note those that differ as changed."""
        before, self.tiles, self.is_cut = self.tiles, {}, is_cut
        for user_id, session in finished:
            self.tiles.setdefault(user_id, Tile()).finished = session
        for each in training:
            tile = self.tiles.setdefault(each.user_id, Tile())
            tile.live[each.exercise_type] = (each.reps, each.last_rep_ms)
        self.changed.update(
            user_id
            for user_id in {*before, *self.tiles}
            if before.get(user_id) != self.tiles.get(user_id)
        )

    def take_changed(self) -> set[str]:
        """Return whose tiles changed since the last call."""
        changed, self.changed = self.changed, set()
        return changed

    def _count(self, user_id: str, exercise_type: str, reps: int, at_ms: int) -> None:
        tile = self.tiles.setdefault(user_id, Tile())
        finished = tile.finished
        if (
            finished
            and finished.exercise_type == exercise_type
            and 1 < reps <= finished.reps
            and at_ms <= finished.at_ms + OVERTAKEN_MS
        ):
            return  # these reps are in the finished session
        tile.live[exercise_type] = (reps, at_ms)
        self.changed.add(user_id)

    def _finish(self, user_id: str, finished: FinishedSession) -> None:
        tile = self.tiles.setdefault(user_id, Tile())
        tile.live.pop(finished.exercise_type, None)
        tile.finished = finished
        self.changed.add(user_id)


def read_finished_for_tiles(
    watched: WatchedAthletes, *, limit: int
) -> list[tuple[str, FinishedSession]]:
    """Return the newest sessions saved in the last 15 minutes by watched athletes, newest last."""
    sessions = WorkoutSession.objects.filter(created_at__gte=timezone.now() - SHOWN_FOR).order_by(
        "-created_at", "-id"
    )
    if watched.user_ids is not None:
        sessions = sessions.filter(athlete_id__in=watched.user_ids)
    rows: Any = sessions.values_list("athlete_id", "exercise_id", "total_reps", "created_at")[
        :limit
    ]
    return [
        (user_id, FinishedSession(slug, reps, datetime_to_ms(at)))
        for user_id, slug, reps, at in reversed(rows)
    ]


def read_wall_snapshot(
    store: LiveStore, watched: WatchedAthletes, *, limit: int
) -> Callable[[WallBoard], None]:
    """Read the watched athletes' sessions, and return a function that puts them on a board.

    It puts up to `limit` live ones there, those with the latest reps, and as many finished ones.
    Raises redis.RedisError and django.db.Error.
    """
    training = store.who_trains(watched.user_ids)
    finished = read_finished_for_tiles(watched, limit=limit + 1)
    is_cut = max(len(training), len(finished)) > limit
    return lambda board: board.replace(training[:limit], finished[-limit:], is_cut=is_cut)
