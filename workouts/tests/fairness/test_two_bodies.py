"""Reps of two exercises that alternate too fast for one body."""

from itertools import chain

from django.test import SimpleTestCase

from workouts.fairness.evidence import EarlierSession, Flag
from workouts.fairness.two_bodies import find_two_bodies_flag


def find(times_ms: list[int], **others: list[int]) -> Flag | None:
    """Judge squats beside these sessions of other exercises."""
    sessions = [EarlierSession(pk, name, times) for pk, (name, times) in enumerate(others.items())]
    return find_two_bodies_flag("squat", times_ms, sessions)


class TwoBodiesTests(SimpleTestCase):
    def test_it_flags_six_changes_within_3_s(self) -> None:
        squats = [0, 6000, 12_000, 18_000]
        assert find(squats, lunge=[3000, 9000]) is None
        assert find(squats, lunge=[3000, 9000, 15_000]) == {
            "flag": "two_bodies",
            "exercise": "lunge",
            "changes": 6,
            "exercises": 1,
        }
        assert find([time * 2 for time in squats], lunge=[6001, 18_001, 30_001]) is None

    def test_it_names_the_exercise_with_the_most_changes_and_their_number(self) -> None:
        squats = [2000 * rep for rep in range(20)]
        flag = find(
            squats,
            lunge=[2000 * rep + 500 for rep in range(10)],
            push_up=[2000 * rep + 900 for rep in range(15)],
            burpee=[500],
        )
        assert flag == {"flag": "two_bodies", "exercise": "push_up", "changes": 30, "exercises": 2}

    def test_sessions_of_an_exercise_are_taken_together(self) -> None:
        lunges = [EarlierSession(pk, "lunge", [2000 * pk + 500]) for pk in range(3)]
        squats = [2000 * rep for rep in range(4)]
        assert find_two_bodies_flag("squat", squats, lunges[:2]) is None
        assert find_two_bodies_flag("squat", squats, lunges) is not None

    def test_the_same_exercise_is_not_another_body(self) -> None:
        assert find([0, 2000, 4000, 6000], squat=[1000, 3000, 5000]) is None

    def test_it_does_not_flag_supersets_without_a_pause(self) -> None:
        """Ten of each in turn, 2 s a rep: over ten minutes there are 29 changes."""
        rounds = [[20_000 * number + 2000 * rep for rep in range(10)] for number in range(30)]
        squats, push_ups = (list(chain(*rounds[turn::2])) for turn in (0, 1))
        assert find(squats, push_up=push_ups) is None

    def test_it_finds_nothing_without_reps(self) -> None:
        assert find([], lunge=[0]) is None
        assert find([0]) is None
