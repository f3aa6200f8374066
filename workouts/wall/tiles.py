"""What a wall shows: a tile for each athlete who trains or has just trained."""

from collections.abc import Callable, Collection, Container, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from workouts.events.subscription import Event
from workouts.live.sessions import Training
from workouts.live.store import LiveStore
from workouts.models import WorkoutSession

SHOWN_AFTER = timedelta(minutes=15)  # so long a finished session stays on the wall
OVERTAKEN_MS = 2000  # a report of reps that a finish overtook comes so much later at most
Json = dict[str, Any]


class Finished(NamedTuple):
    """The session that was saved last, and when (epoch ms)."""

    exercise_type: str
    reps: int
    at_ms: int


@dataclass(slots=True)
class Tile:
    """One athlete: what goes on, by exercise as reps and the time of the last (epoch ms), and what was finished last."""

    live: dict[str, tuple[int, int]] = field(default_factory=dict)
    finished: Finished | None = None

    def describe(self) -> Json:
        """Return it as the wall sends it, what goes on the newest first."""
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


class Board:
    """The tiles, by user_id; and whose changed since they were taken."""

    def __init__(self) -> None:
        self.tiles: dict[str, Tile] = {}
        self.changed: set[str] = set()

    def take(self, event: Event, user_ids: Container[str]) -> None:
        """Take in what a process reports of these athletes; it reports of other walls' too."""
        if event["type"] == "wall.finished":
            if event["user_id"] in user_ids:
                self._finish(
                    event["user_id"], Finished(event["exercise_type"], event["reps"], event["at"])
                )
            return
        for user_id, exercise_type, reps, at_ms in event.get("reps", ()):
            if user_id in user_ids:
                self._count(user_id, exercise_type, reps, at_ms)
        self.changed.update(user_id for user_id in event.get("moves", ()) if user_id in user_ids)

    def replace(self, trains: Iterable[Training], finished: Iterable[tuple[str, Finished]]) -> None:
        """Show what was read anew. What is different counts as changed."""
        before, self.tiles = self.tiles, {}
        for user_id, done in finished:
            self.tiles.setdefault(user_id, Tile()).finished = done
        for each in trains:
            self.tiles.setdefault(each.user_id, Tile()).live[each.exercise_type] = (
                each.reps,
                each.last_rep_ms,
            )
        self.changed.update(
            user_id
            for user_id in {*before, *self.tiles}
            if before.get(user_id) != self.tiles.get(user_id)
        )

    def take_changed(self) -> set[str]:
        """Return whose tiles changed since the last time."""
        changed, self.changed = self.changed, set()
        return changed

    def _count(self, user_id: str, exercise_type: str, reps: int, at_ms: int) -> None:
        tile = self.tiles.setdefault(user_id, Tile())
        done = tile.finished
        if (
            done
            and done.exercise_type == exercise_type
            and reps <= done.reps
            and at_ms <= done.at_ms + OVERTAKEN_MS
            and reps > 1
        ):
            return
        tile.live[exercise_type] = (reps, at_ms)
        self.changed.add(user_id)

    def _finish(self, user_id: str, done: Finished) -> None:
        tile = self.tiles.setdefault(user_id, Tile())
        tile.live.pop(done.exercise_type, None)
        tile.finished = done
        self.changed.add(user_id)


def read_finished(user_ids: Collection[str] | None, *, limit: int) -> list[tuple[str, Finished]]:
    """Return the sessions of these athletes, or of all, that were saved in the last quarter of an hour, the newest last."""
    sessions = WorkoutSession.objects.filter(created_at__gte=timezone.now() - SHOWN_AFTER).order_by(
        "-created_at", "-id"
    )
    if user_ids is not None:
        sessions = sessions.filter(athlete_id__in=user_ids)
    rows: Any = sessions.values_list("athlete_id", "exercise_id", "total_reps", "created_at")[
        :limit
    ]
    return [
        (user_id, Finished(slug, reps, int(at.timestamp() * 1000)))
        for user_id, slug, reps, at in reversed(rows)
    ]


def read_board(
    store: LiveStore, user_ids: Collection[str] | None, *, limit: int
) -> Callable[[Board], None]:
    """Read what goes on and what was finished of these athletes, or of all, and return what puts it on a board.

    Raises redis.RedisError and django.db.Error.
    """
    trains, finished = store.who_trains(user_ids)[:limit], read_finished(user_ids, limit=limit)
    return lambda board: board.replace(trains, finished)
