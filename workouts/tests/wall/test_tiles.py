"""What a wall's tiles make of the messages and snapshots that are applied to them."""

from django.test import SimpleTestCase

from workouts.events.messages import RepReport, WallFinished, WallReport
from workouts.events.watched import EVERYONE, WatchedAthletes
from workouts.live.sessions import Training
from workouts.wall.tiles import FinishedSession, Tile, WallBoard

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
        assert self.board.tiles == {"ana": Tile({"squat": (3, 1000)})}
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
        tile = Tile({"push_up": (1, 3000)}, FinishedSession("squat", 3, 4000))
        assert self.board.tiles["ana"] == tile

    def test_reps_that_a_finish_overtook_do_not_bring_the_session_back(self) -> None:
        self.apply(finished("ana", 3, 4000), report(("ana", "squat", 3, 3900)))
        assert self.board.tiles["ana"].live == {}
        self.apply(report(("ana", "squat", 1, 4500)))
        assert self.board.tiles["ana"].live == {"squat": (1, 4500)}

    def test_reps_long_after_a_finish_are_the_next_session(self) -> None:
        self.apply(finished("ana", 3, 4000), report(("ana", "squat", 3, 60_000)))
        assert self.board.tiles["ana"].live == {"squat": (3, 60_000)}

    def test_a_snapshot_changes_only_the_tiles_that_differ(self) -> None:
        self.apply(report(("ana", "squat", 3, 1000), ("ben", "squat", 5, 1000)))
        self.board.replace(
            [Training("ana", "squat", 3, 1000), Training("eve", "squat", 1, 1000)],
            [("eve", FinishedSession("squat", 7, 900))],
        )
        assert self.board.take_changed() == {"ben", "eve"}
        assert "ben" not in self.board.tiles
