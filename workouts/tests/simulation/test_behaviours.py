"""What the table in docs/fair-counting.md promises, on the real store and database."""

import pytest
from django.test import TestCase

from workouts.models import Athlete, WorkoutSession
from workouts.simulation.behaviours.frames import SetToPlay
from workouts.simulation.behaviours.kinds import BEHAVIOURS, METRONOMES, perform_behaviour
from workouts.simulation.behaviours.limits import LIMITS
from workouts.simulation.performances import PlayedSet, play_simulated_performance
from workouts.tests.support.simulations import make_up_set, read_fair_counting_table

SEEDS = (1, 2, 3)
PROMISED = {
    "metronome",
    "metronome-plain",
    "speed-up",
    "bounce",
    *(f"devices-{count}" for count in range(2, 7)),
    "replayed",
    "fast-clock",
    "future-clock",
    "backward-clock",
    "burst",
    "burst-5",
    "burst-6",
    "offline-burst",
    "offline-burst-6",
    "shaker",
}


@pytest.mark.slow
class BehaviourTests(TestCase):
    async def outcomes(self, behaviour: str) -> list[PlayedSet]:
        return [
            await play_simulated_performance(
                behaviour, SetToPlay("squat", make_up_set(seed)), seed=seed
            )
            for seed in SEEDS[: 1 if behaviour == "shaker" else None]
        ]

    async def test_honest_people_are_neither_refused_nor_flagged(self) -> None:
        for outcome in await self.outcomes("honest"):
            assert outcome.verdicts == {"counted": outcome.made}
            assert outcome.flags == []

    async def test_an_honest_offline_hour_is_counted_and_flagged_as_late(self) -> None:
        for outcome in await self.outcomes("honest-offline"):
            assert outcome.verdicts == {"counted": outcome.made}
            assert [flag["flag"] for flag in outcome.flags] == ["mostly_late"]

    async def test_every_cheat_that_the_table_promises_is_caught(self) -> None:
        for behaviour in PROMISED:
            with self.subTest(behaviour=behaviour):
                for outcome in await self.outcomes(behaviour):
                    assert outcome.is_stopped() or outcome.flags, outcome

    async def test_repeated_reps_and_bounces_never_count(self) -> None:
        for behaviour in ("bounce", "replayed"):
            for outcome in await self.outcomes(behaviour):
                assert outcome.verdicts["counted"] == outcome.made

    async def test_an_imitator_is_not_flagged(self) -> None:
        assert not any(outcome.flags for outcome in await self.outcomes("imitator"))

    async def test_exact_reps_that_are_finished_in_between_are_several_sessions(self) -> None:
        played = SetToPlay("squat", make_up_set(1))
        frames = perform_behaviour("split-metronome", played, 1).frames
        outcome = await play_simulated_performance("split-metronome", played, seed=1)
        athlete = await Athlete.objects.aget(user_id__startswith="split-metronome-")
        sessions = WorkoutSession.objects.filter(athlete=athlete)
        assert [row.total_reps async for row in sessions.order_by("pk")] == [
            *[15] * (len(frames) // 15),
            len(frames) % 15,
        ]
        assert outcome.verdicts == {"counted": len(frames)}

    async def test_sixteen_exercises_at_once_are_sixteen_sessions_of_one_athlete(self) -> None:
        played = SetToPlay("squat", make_up_set(1))
        outcome = await play_simulated_performance("sixteen-exercises", played, seed=1)
        athlete = await Athlete.objects.aget(user_id__startswith="sixteen-exercises-")
        sessions = [row async for row in WorkoutSession.objects.filter(athlete=athlete)]
        assert {row.exercise_id for row in sessions} == set(LIMITS)
        assert outcome.verdicts == {"counted": outcome.sent}


class TableTests(TestCase):
    def test_the_table_has_a_row_for_each_behaviour(self) -> None:
        assert list(read_fair_counting_table()) == list(BEHAVIOURS)

    def test_the_table_says_that_promised_cheats_are_caught_every_time(self) -> None:
        table = read_fair_counting_table()
        assert [row for kind in PROMISED for row in table[kind] if row["caught"] != "100 %"] == []
        assert [row["caught"] for row in table["imitator"]] == ["0 %"]

    def test_the_table_says_that_no_honest_rep_was_refused(self) -> None:
        (row,) = read_fair_counting_table()["honest"]
        assert row["made by a body"] == row["sent"] == row["counted"]
        assert row["not counted"] == "-"
        assert row["counted exactly"] == "100 %"

    def test_the_table_has_each_metronome_with_four_numbers_of_intervals(self) -> None:
        table = read_fair_counting_table()
        for kind in METRONOMES:
            assert [row["intervals"] for row in table[kind]] == ["20", "46", "60", "100"]
