"""Which rows bench/fair_counting.py plays, and what it writes of them."""

import itertools
from collections import Counter

from django.test import SimpleTestCase

from bench.fair_counting import COLUMNS, LEAST_REPS, Row, make_table, make_up_sets, plan_rows
from workouts.simulation.behaviours.frames import SetToPlay
from workouts.simulation.behaviours.kinds import BEHAVIOURS, METRONOMES
from workouts.simulation.performances import PlayedSet

SETS = [SetToPlay(exercise, tuple(times)) for exercise, times in make_up_sets(40)]
SHORT = SetToPlay("squat", tuple(range(LEAST_REPS - 1)))


class PlanTests(SimpleTestCase):
    def test_each_kind_has_a_row_and_those_of_honest_people_play_every_set(self) -> None:
        plan = plan_rows([*SETS, SHORT], 5)
        kinds = [kind for kind, _ in itertools.groupby(plan, lambda planned: planned.kind)]
        assert kinds == list(BEHAVIOURS)
        for planned in plan[:1] + [row for row in plan if row.kind.startswith("two-devices")]:
            assert planned.sets == [*SETS, SHORT]

    def test_all_others_play_the_same_few_sets_that_are_long_enough(self) -> None:
        played = {
            tuple(played.times_ms for played in planned.sets)
            for planned in plan_rows([*SETS, SHORT], 5)
            if planned.kind != "honest" and not planned.kind.startswith("two-devices")
        }
        (few,) = played
        assert [len(times) >= LEAST_REPS for times in few] == [True] * 5

    def test_kinds_that_take_long_play_fewer_sets(self) -> None:
        counts = {planned.kind: len(planned.sets) for planned in plan_rows(SETS, 40)}
        assert counts["shaker"] == counts["sixteen-exercises"] == 10
        assert set(counts.values()) == {10, 40}

    def test_metronomes_play_each_number_of_intervals(self) -> None:
        for kind in METRONOMES:
            rows = [planned for planned in plan_rows(SETS, 5) if planned.kind == kind]
            assert [row.intervals for row in rows] == [20, 46, 60, 100]
            for row in rows:
                assert {played.script_intervals for played in row.sets} == {row.intervals}


class TableTests(SimpleTestCase):
    def test_it_says_what_was_made_counted_exactly_refused_flagged_and_caught(self) -> None:
        row = Row("two-devices", None)
        flag = {"flag": "two_devices", "changes": 3}
        row.add("squat", PlayedSet(19, 10, Counter(counted=10, duplicate=9)))
        row.add("squat", PlayedSet(21, 10, Counter(counted=13, duplicate=8), [flag, flag]))
        row.add("push_up", PlayedSet(20, 10, Counter(counted=10, duplicate=10)))
        head, _, line = make_table([row])
        assert head == f"| {' | '.join(COLUMNS)} |"
        assert line == (
            "| `two-devices` | 3 | - | 30 | 60 | 33 | 66.7 % | duplicate 27"
            " | two_devices 33.3 % | 100 % |"
        )

    def test_battle_ropes_do_not_say_how_many_sets_were_counted_exactly(self) -> None:
        row = Row("two-devices", None)
        row.add("battle_rope", PlayedSet(20, 10, Counter(counted=15, duplicate=5)))
        assert row.columns()[COLUMNS.index("counted exactly")] == "-"
        row.add("squat", PlayedSet(20, 10, Counter(counted=10, duplicate=10)))
        assert row.columns()[COLUMNS.index("counted exactly")] == "100 %"

    def test_where_no_body_made_a_rep_nothing_can_be_counted_exactly(self) -> None:
        row = Row("metronome", 46)
        row.add("squat", PlayedSet(47, 0, Counter(counted=47)))
        assert make_table([row])[-1] == ("| `metronome` | 1 | 46 | - | 47 | 47 | - | - | - | 0 % |")
