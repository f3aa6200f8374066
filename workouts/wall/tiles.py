"""What a wall shows: a tile for each athlete who is training or has just trained."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from workouts.clock import datetime_to_ms
from workouts.events.messages import WallFinished, WallReport
from workouts.events.watched import WatchedAthletes
from workouts.live.sessions import SessionName, Training
from workouts.live.store import LiveStore
from workouts.models import WorkoutSession
from workouts.wall.set_progress import SetProgress

SHOWN_FOR = timedelta(minutes=15)  # how long a finished session stays on the wall
OVERTAKEN_MS = 2000  # a report of reps arrives at most this long after a finish that overtook it
Json = dict[str, Any]


class LiveExercise(NamedTuple):
    """An athlete's live session of an exercise: its reps, and the last one's time (epoch ms).

    `progress` is None until it is read, and while it cannot be read.
    """

    reps: int
    at_ms: int
    progress: SetProgress | None = None

    def describe(self, exercise_type: str) -> Json:
        set_number, rep, interval_ms = self.progress or (None, None, None)
        return {
            "type": exercise_type,
            "count": self.reps,
            "at": self.at_ms,
            "set": set_number,
            "rep": rep,
            "interval_ms": interval_ms,
        }


class FinishedSession(NamedTuple):
    """An athlete's latest finished session, and when it was saved (epoch ms)."""

    exercise_type: str
    reps: int
    at_ms: int


@dataclass(slots=True)
class Tile:
    """One athlete: the live exercises, and the latest finished session."""

    live: dict[str, LiveExercise] = field(default_factory=dict)
    finished: FinishedSession | None = None

    def describe(self) -> Json:
        """Return the tile as JSON for the browser, live sessions by last rep, newest first."""
        live = sorted(self.live.items(), key=lambda item: -item[1].at_ms)
        finished = self.finished and {
            "type": self.finished.exercise_type,
            "count": self.finished.reps,
            "at": self.finished.at_ms,
        }
        return {
            "sessions": [exercise.describe(slug) for slug, exercise in live],
            "finished": finished,
        }


EMPTY_TILE = Tile()


class WallBoard:
    """A wall's tiles by user_id, and which of them changed."""

    def __init__(self) -> None:
        self.tiles: dict[str, Tile] = {}
        self.is_cut = False  # the last snapshot left some sessions out
        self.changed: set[str] = set()
        self._progress_due: set[SessionName] = set()

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
        self._progress_due.clear()
        for user_id, session in finished:
            self.tiles.setdefault(user_id, Tile()).finished = session
        for each in training:
            earlier = before.get(each.user_id, EMPTY_TILE).live.get(each.exercise_type)
            self._put_live(each, earlier)
        self.changed.update(
            user_id
            for user_id in {*before, *self.tiles}
            if before.get(user_id) != self.tiles.get(user_id)
        )

    def take_changed(self) -> set[str]:
        """Return whose tiles changed since the last call."""
        changed, self.changed = self.changed, set()
        return changed

    def list_live(self) -> Iterator[SessionName]:
        """Yield the live sessions on the tiles."""
        for user_id, tile in self.tiles.items():
            for exercise_type in tile.live:
                yield SessionName(user_id, exercise_type)

    def take_progress_due(self) -> list[Training]:
        """Return the live sessions whose progress has to be read since the last call."""
        due, self._progress_due = self._progress_due, set()
        return [
            Training(*name[:2], live.reps, live.at_ms)
            for name in due
            if (live := self._find_live(name))
        ]

    def put_progress(
        self, due: Iterable[Training], progress: Mapping[SessionName, SetProgress]
    ) -> set[str]:
        """Put the progress that was found on the tiles, and return whose tiles changed by that.

        What was not found is due again.
        """
        changed = set()
        for each in due:
            name = SessionName(each.user_id, each.exercise_type)
            live, found = self._find_live(name), progress.get(name)
            if live is None:
                continue  # finished meanwhile
            if found is None:
                self._progress_due.add(name)
            if found != live.progress:
                self.tiles[name.user_id].live[name.exercise_type] = live._replace(progress=found)
                changed.add(name.user_id)
        return changed

    def _find_live(self, name: SessionName) -> LiveExercise | None:
        return self.tiles.get(name.user_id, EMPTY_TILE).live.get(name.exercise_type)

    def _put_live(self, training: Training, earlier: LiveExercise | None) -> None:
        """Put a live session on its tile. Until it is read anew, it keeps its earlier progress."""
        user_id, exercise_type, reps, at_ms = training
        progress = earlier.progress if earlier and earlier.reps <= reps else None
        tile = self.tiles.setdefault(user_id, Tile())
        tile.live[exercise_type] = LiveExercise(reps, at_ms, progress)
        self._progress_due.add(SessionName(user_id, exercise_type))

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
        self._put_live(Training(user_id, exercise_type, reps, at_ms), tile.live.get(exercise_type))
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
