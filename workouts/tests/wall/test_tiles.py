"""What a wall's tiles make of the messages and snapshots that are applied to them."""

from django.test import SimpleTestCase

from workouts.events.messages import RepReport, WallFinished, WallReport
from workouts.events.watched import EVERYONE, WatchedAthletes
from workouts.live.sessions import SessionName, Training
from workouts.wall.set_progress import SetProgress
from workouts.wall.tiles import FinishedSession, LiveExercise, Tile, WallBoard

ANA = SessionName("ana", "squat")
TEAM = WatchedAthletes(frozenset(["ana", "ben"]))


def report(*reps: tuple[str, str, int, int], **moves: bool) -> WallReport:
    return WallReport("phones", 1, [RepReport(*each) for each in reps], moves)


def finished(user_id: str, reps: int, at_ms: int) -> WallFinished:
    return WallFinished(user_id, "squat", reps, at_ms)


class BoardTests(SimpleTestCase):
    def setUp(self) -> None:
        self.board = WallBoard()

    def apply(
        self, *messages: WallReport | WallFinished, watched: WatchedAthletes = TEAM
    ) -> set[str]:
        for message in messages:
            self.board.apply(message, watched)
        return self.board.take_changed()

    def test_it_applies_only_what_is_about_watched_athletes(self) -> None:
        reps = report(("ana", "squat", 3, 1000), ("eve", "squat", 9, 1000), ben=True, eve=False)
        assert self.apply(reps) == {"ana", "ben"}
        assert self.board.tiles == {"ana": Tile({"squat": LiveExercise(3, 1000)})}
        assert self.apply(finished("eve", 9, 2000)) == set()

    def test_a_wall_of_everyone_applies_everything(self) -> None:
        assert self.apply(report(("eve", "squat", 9, 1000)), watched=EVERYONE) == {"eve"}

    def test_a_tile_lists_the_exercise_with_the_newest_rep_first(self) -> None:
        self.apply(report(("ana", "squat", 3, 1000), ("ana", "push_up", 1, 3000)))
        sessions = self.board.tiles["ana"].describe()["sessions"]
        assert [each["type"] for each in sessions] == ["push_up", "squat"]

    def test_a_finish_ends_only_the_session_of_its_exercise(self) -> None:
        self.apply(
            report(("ana", "squat", 3, 1000), ("ana", "push_up", 1, 3000)), finished("ana", 3, 4000)
        )
        tile = Tile({"push_up": LiveExercise(1, 3000)}, FinishedSession("squat", 3, 4000))
        assert self.board.tiles["ana"] == tile

    def test_reps_that_a_finish_overtook_do_not_bring_the_session_back(self) -> None:
        self.apply(finished("ana", 3, 4000), report(("ana", "squat", 3, 3900)))
        assert self.board.tiles["ana"].live == {}
        self.apply(report(("ana", "squat", 1, 4500)))
        assert self.board.tiles["ana"].live == {"squat": LiveExercise(1, 4500)}

    def test_reps_long_after_a_finish_are_the_next_session(self) -> None:
        self.apply(finished("ana", 3, 4000), report(("ana", "squat", 3, 60_000)))
        assert self.board.tiles["ana"].live == {"squat": LiveExercise(3, 60_000)}

    def test_a_snapshot_changes_only_the_tiles_that_differ(self) -> None:
        self.apply(report(("ana", "squat", 3, 1000), ("ben", "squat", 5, 1000)))
        self.board.replace(
            [Training("ana", "squat", 3, 1000), Training("eve", "squat", 1, 1000)],
            [("eve", FinishedSession("squat", 7, 900))],
        )
        assert self.board.take_changed() == {"ben", "eve"}
        assert "ben" not in self.board.tiles

    def put_progress(self, progress: SetProgress | None) -> set[str]:
        found = {ANA: progress} if progress else {}
        return self.board.put_progress(self.board.take_progress_due(), found)

    def describe_ana(self) -> tuple[int | None, ...]:
        (session,) = self.board.tiles["ana"].describe()["sessions"]
        return tuple(session[field] for field in ("count", "set", "rep", "interval_ms"))

    def test_a_tile_says_how_far_its_session_is_in_its_sets(self) -> None:
        self.apply(report(("ana", "squat", 8, 1000)))
        assert self.board.take_progress_due() == [Training("ana", "squat", 8, 1000)]
        self.apply(report(("ana", "squat", 9, 2000)))
        assert self.put_progress(SetProgress(2, 4, 1500)) == {"ana"}
        assert self.describe_ana() == (9, 2, 4, 1500)
        assert self.board.take_progress_due() == []

    def test_progress_that_cannot_be_read_is_unknown_and_due_again(self) -> None:
        self.apply(report(("ana", "squat", 8, 1000)))
        self.put_progress(SetProgress(2, 3, 1500))
        self.apply(report(("ana", "squat", 9, 2000)))
        assert self.put_progress(None) == {"ana"}
        assert self.describe_ana() == (9, None, None, None)
        assert self.put_progress(SetProgress(2, 4, 1500)) == {"ana"}

    def test_a_session_that_begins_anew_has_no_progress_yet(self) -> None:
        self.apply(report(("ana", "squat", 8, 1000)))
        self.put_progress(SetProgress(2, 3, 1500))
        self.apply(report(("ana", "squat", 1, 9000)))
        assert self.describe_ana() == (1, None, None, None)

    def test_a_snapshot_of_what_is_known_changes_no_progress(self) -> None:
        self.apply(report(("ana", "squat", 8, 1000)))
        self.put_progress(SetProgress(2, 3, 1500))
        self.board.replace([Training("ana", "squat", 8, 1000)], [])
        assert self.board.take_changed() == set()
        assert self.put_progress(SetProgress(2, 3, 1500)) == set()
        assert self.describe_ana() == (8, 2, 3, 1500)

    def test_a_session_that_finishes_during_the_read_does_not_come_back(self) -> None:
        self.apply(report(("ana", "squat", 8, 1000)))
        due = self.board.take_progress_due()
        self.apply(finished("ana", 8, 2000))
        assert self.board.put_progress(due, {ANA: SetProgress(2, 3, 1500)}) == set()
        assert [*self.board.list_live()] == []
